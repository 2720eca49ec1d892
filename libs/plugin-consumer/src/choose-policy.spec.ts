import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '@crm-mesh/delivery';
import { TEST_DEFAULTS } from '@crm-mesh/sdk/testing';
import { chooseIsolation, choosePolicy } from './choose-policy.js';

describe('choosePolicy', () => {
  it.each([
    ['nothing said', undefined, undefined, {}],
    ['the plugin says', { maxAttempts: 2 }, undefined, { maxAttempts: 2 }],
    ['mesh.yaml overrides', { maxAttempts: 2, timeoutMs: 7 }, { maxAttempts: 9 }, { maxAttempts: 9, timeoutMs: 7 }],
    ['undefined says nothing', { maxAttempts: undefined }, { timeoutMs: undefined }, {}],
    [
      'parts of the backoff',
      { backoff: { initialMs: 5, factor: 3 } },
      { backoff: { factor: 4 } },
      { backoff: { initialMs: 5, maxMs: 600_000, factor: 4 } },
    ],
    [
      'limits, each as a whole',
      { rateLimit: { perSecond: 5, burst: 9 }, each: { by: 'tenant', concurrency: 2 } },
      { rateLimit: { perSecond: 1 } },
      { rateLimit: { perSecond: 1 }, each: { by: 'tenant', concurrency: 2 } },
    ],
    [
      'what is skipped supersedes nothing',
      { coalesce: true },
      { skipOrigins: ['backfill'] },
      { skipOrigins: ['backfill'], coalesceAfterEvents: 0 },
    ],
    ['no order, no inbox', { order: 'none' }, undefined, { order: 'none', idempotency: 'none' }],
    [
      'no order, but an inbox',
      { order: 'none', idempotency: 'inbox' },
      undefined,
      { order: 'none', idempotency: 'inbox' },
    ],
    ['webhook', 'webhook', undefined, { order: 'none', maxAttempts: 3, idempotency: 'none' }],
    ['queue', 'queue', undefined, {}],
    ['stream', 'stream', undefined, { ack: 'all', startFrom: 'all' }],
    [
      'beside its preset',
      { preset: 'webhook', maxAttempts: 2 },
      undefined,
      { ...{ order: 'none', maxAttempts: 2 }, idempotency: 'none' },
    ],
    ['a preset of mesh.yaml', { maxAttempts: 9, timeoutMs: 7 }, 'queue', { timeoutMs: 7 }],
    ['at most once', { ack: 'none', idempotency: 'inbox' }, undefined, { ack: 'none', idempotency: 'none' }],
    [
      'strict order, always an inbox',
      { idempotency: 'none' },
      { order: 'strict' },
      { order: 'strict', idempotency: 'inbox' },
    ],
    ['updates that coalesce', { coalesce: true }, undefined, { coalesceAfterEvents: 2 }],
    ['updates that coalesce late', { coalesce: true }, { coalesce: { afterEvents: 9 } }, { coalesceAfterEvents: 9 }],
    ['updates that mesh.yaml keeps apart', { coalesce: true }, { coalesce: false }, { coalesceAfterEvents: 0 }],
    ['order by mesh.yaml', { order: 'none' }, { order: 'record' }, { order: 'record', idempotency: 'inbox' }],
  ] as const)('%s', (_, own, override, expected) => {
    expect(choosePolicy(own, override)).toEqual({ ...DEFAULT_POLICY, ...expected });
  });

  it('fills in the bounds of batches, for who handles them', () => {
    const batches = { handlesBatches: true };
    expect(choosePolicy({}, {}, batches)).toMatchObject({
      concurrency: 1,
      batch: { size: 100, waitMs: 1_000 },
    });
    expect(choosePolicy({ batch: { size: 9 }, concurrency: 2 }, { batch: { waitMs: 5 } }, batches)).toMatchObject({
      concurrency: 2,
      batch: { size: 9, waitMs: 5 },
    });
    expect(choosePolicy({ maxAckPending: 50 }, {}, batches).batch?.size).toBe(50);
    expect(choosePolicy({}, {}).batch).toBeUndefined();
  });

  it('takes the place of a plugin from beside its preset', () => {
    expect(chooseIsolation('stream', undefined)).toEqual({ isolation: 'worker', heapMb: 256 });
    expect(chooseIsolation({ preset: 'queue', isolation: 'inline' }, { heapMb: 64 })).toEqual({
      isolation: 'inline',
      heapMb: 64,
    });
    expect(chooseIsolation({ isolation: 'inline' }, 'queue')).toMatchObject({ isolation: 'inline' });
  });

  it('has the defaults that the test kit tells plugin authors', () => {
    expect(DEFAULT_POLICY).toMatchObject(TEST_DEFAULTS);
  });
});
