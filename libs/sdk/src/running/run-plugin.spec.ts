import { describe, expect, it } from 'vitest';
import type { MeshEvent } from '@crm-mesh/contract';
import { definePlugin, type Plugin } from '../plugin.js';
import { refuseTransaction } from '../sink/run-once.js';
import { runPlugin } from './run-plugin.js';

const EVENT = { id: 'acme/hubspot/deal/1@1' } as MeshEvent<'deal.won'>;
const LOG = { debug() {}, info() {}, warn() {}, error() {} };

function run(handle: Plugin<'deal.won'>['handle'], options: { timeoutMs?: number; signal?: AbortSignal } = {}) {
  const plugin = definePlugin({ name: 'probe', events: ['deal.won'], handle });
  return runPlugin(plugin, EVENT, {
    config: undefined,
    injected: [],
    signal: options.signal ?? new AbortController().signal,
    idempotencyKey: 'probe:1',
    attempt: 1,
    transaction: refuseTransaction,
    log: LOG,
    timeoutMs: options.timeoutMs ?? 5_000,
  });
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
}

describe('runPlugin', () => {
  it('is done when the handler returns, with its receipt', async () => {
    expect(await run(() => {})).toEqual({ kind: 'done' });
    expect(await run(async () => ({ receipt: 'invoice 7' }))).toEqual({ kind: 'done', receipt: 'invoice 7' });
  });

  it('takes a synchronous throw for a failure', async () => {
    const error = new Error('boom');
    expect(
      await run(() => {
        throw error;
      }),
    ).toEqual({ kind: 'failed', error });
  });

  it('aborts a handler that takes too long', async () => {
    expect(await run((_, { signal }) => untilAborted(signal), { timeoutMs: 5 })).toMatchObject({ kind: 'timeout' });
  });

  it('does not wait for one that does not heed the signal', async () => {
    expect(await run(() => new Promise(() => {}), { timeoutMs: 5 })).toMatchObject({ kind: 'timeout' });
  });

  it('tells a stop from a timeout', async () => {
    const stop = new AbortController();
    const running = run((_, { signal }) => untilAborted(signal), { signal: stop.signal });
    stop.abort();
    expect(await running).toEqual({ kind: 'interrupted' });
  });

  it('lets a handler finish that a stop does not keep from it', async () => {
    const stop = new AbortController();
    const running = run((_, { signal }) => untilAborted(signal).catch(() => {}), { signal: stop.signal });
    stop.abort();
    expect(await running).toEqual({ kind: 'done' });
  });

  it('does not begin after a stop', async () => {
    expect(
      await run(
        () => {
          throw new Error('ran');
        },
        { signal: AbortSignal.abort() },
      ),
    ).toEqual({ kind: 'interrupted' });
  });
});
