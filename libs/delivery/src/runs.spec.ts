import { describe, expect, it, vi } from 'vitest';
import type { RunHandler } from './consumer-spec.js';
import { Runs } from './runs.js';

const input = { consumer: 'c', items: [], attempt: 1 };
const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));

function run(handler: RunHandler, timeoutMs = 1_000, stopping = new AbortController().signal) {
  return new Runs(handler, { timeoutMs, stopping }).start(input, vi.fn());
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
    const outcome = await run(async (_input, { signal }) => {
      await untilAborted(signal);
      await new Promise((resolve) => setTimeout(resolve, 30));
      ended = true;
      throw new Error('aborted');
    }, 20);
    expect(outcome).toMatchObject({ kind: 'timeout', error: { message: 'the handler took longer than 20 ms' } });
    expect(ended).toBe(true);
  });

  it('believes a handler that finishes after all', async () => {
    const outcome = await run(async (_input, { signal }) => {
      await untilAborted(signal);
      return { kind: 'done' };
    }, 20);
    expect(outcome).toEqual({ kind: 'done' });
  });

  it('is interrupted when the engine stops', async () => {
    const stopping = new AbortController();
    const running = run(
      async (_input, { signal }) => {
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
      const running = new Runs(() => new Promise(() => undefined), { timeoutMs: 50, stopping }).start(
        input,
        onAbandoned,
      );
      await vi.advanceTimersByTimeAsync(50 + 5_000);
      expect(await running).toMatchObject({ kind: 'timeout' });
      expect(onAbandoned).toHaveBeenCalledOnce();
    } finally {
      vi.useRealTimers();
    }
  });

  it('gives each of many its own time, and lets those end that are quick', async () => {
    const handler: RunHandler = async ({ attempt }, { signal }) => {
      if (attempt % 2 === 1) await untilAborted(signal);
      return attempt % 2 === 1 ? { kind: 'failed', error: { name: 'E', message: '' } } : { kind: 'done' };
    };
    const runs = new Runs(handler, { timeoutMs: 60, stopping: new AbortController().signal });
    const startOne = async (attempt: number): Promise<[string, number]> => {
      const startedMs = performance.now();
      const { kind } = await runs.start({ ...input, attempt }, vi.fn());
      return [kind, performance.now() - startedMs];
    };
    const first = [1, 2, 3].map(startOne);
    await new Promise((resolve) => setTimeout(resolve, 30));
    const ended = await Promise.all([...first, ...[4, 5].map(startOne)]);
    expect(ended.map(([kind]) => kind)).toEqual(['timeout', 'done', 'timeout', 'done', 'timeout']);
    // Timers have whole milliseconds.
    for (const [kind, tookMs] of ended) if (kind === 'timeout') expect(tookMs).toBeGreaterThanOrEqual(59);
    // A timer that was set for those before serves a later one too.
    expect(await startOne(7)).toMatchObject(['timeout', expect.any(Number)]);
  });

  it('aborts at once what begins after the stop', async () => {
    const stopped = AbortSignal.abort();
    const outcome = await run(
      async (_input, { signal }) => ({ kind: signal.aborted ? 'interrupted' : 'done' }),
      1,
      stopped,
    );
    expect(outcome).toEqual({ kind: 'interrupted' });
  });
});
