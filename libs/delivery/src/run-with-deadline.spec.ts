import { describe, expect, it, vi } from 'vitest';
import type { RunHandler } from './consumer-spec.js';
import { runWithDeadline } from './run-with-deadline.js';

const input = { consumer: 'c', items: [], attempt: 1 };
const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

function run(handler: RunHandler, timeoutMs = 1_000, stopping = new AbortController().signal) {
  return runWithDeadline(handler, input, { timeoutMs, stopping, onAbandoned: vi.fn() });
}

describe('one run of a handler', () => {
  it('gives its outcome', async () => {
    expect(await run(async () => ({ kind: 'done', receipt: 1 }))).toEqual({ kind: 'done', receipt: 1 });
  });

  it('makes a failure of a handler that throws, at once or later', async () => {
    const late = async () => {
      await Promise.resolve();
      throw new TypeError('oh');
    };
    const atOnce = () => {
      throw new TypeError('oh');
    };
    for (const handler of [late, atOnce]) {
      expect(await run(handler)).toMatchObject({ kind: 'failed', error: { name: 'TypeError', message: 'oh' } });
    }
  });

  it('aborts it when its time is up, and waits until it has ended', async () => {
    let ended = false;
    const outcome = await run(async (_input, signal) => {
      await untilAborted(signal);
      await new Promise((resolve) => setTimeout(resolve, 30));
      ended = true;
      throw new Error('aborted');
    }, 20);
    expect(outcome).toMatchObject({ kind: 'timeout', error: { message: 'the handler took longer than 20 ms' } });
    expect(ended).toBe(true);
  });

  it('believes a handler that finishes after all', async () => {
    const outcome = await run(async (_input, signal) => {
      await untilAborted(signal);
      return { kind: 'done' };
    }, 20);
    expect(outcome).toEqual({ kind: 'done' });
  });

  it('is interrupted when the engine stops', async () => {
    const stopping = new AbortController();
    const running = run(
      async (_input, signal) => {
        await untilAborted(signal);
        throw new Error('aborted');
      },
      60_000,
      stopping.signal,
    );
    stopping.abort();
    expect(await running).toEqual({ kind: 'interrupted' });
  });

  it('leaves behind, and says so, a handler that ignores its signal', async () => {
    vi.useFakeTimers();
    try {
      const onAbandoned = vi.fn();
      const stopping = new AbortController().signal;
      const running = runWithDeadline(() => new Promise(() => undefined), input, {
        timeoutMs: 50,
        stopping,
        onAbandoned,
      });
      await vi.advanceTimersByTimeAsync(50 + 5_000);
      expect(await running).toMatchObject({ kind: 'timeout' });
      expect(onAbandoned).toHaveBeenCalledOnce();
    } finally {
      vi.useRealTimers();
    }
  });
});
