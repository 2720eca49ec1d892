import { describe, expect, it } from 'vitest';
import { DEFAULT_POLICY } from '@crm-mesh/delivery';
import { TEST_DEFAULTS } from '@crm-mesh/sdk/testing';
import { choosePolicy } from './choose-policy.js';

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
    ['order by mesh.yaml', { order: 'none' }, { order: 'record' }, { order: 'record', idempotency: 'inbox' }],
  ] as const)('%s', (_, own, override, expected) => {
    expect(choosePolicy(own, override)).toEqual({ ...DEFAULT_POLICY, ...expected });
  });

  it('fills in the bounds of batches, for who handles them', () => {
    const handleBatch = () => undefined;
    expect(choosePolicy({}, {}, { handleBatch })).toMatchObject({
      concurrency: 1,
      batch: { size: 100, waitMs: 1_000 },
    });
    expect(
      choosePolicy({ batch: { size: 9 }, concurrency: 2 }, { batch: { waitMs: 5 } }, { handleBatch }),
    ).toMatchObject({
      concurrency: 2,
      batch: { size: 9, waitMs: 5 },
    });
    expect(choosePolicy({ maxAckPending: 50 }, {}, { handleBatch }).batch?.size).toBe(50);
    expect(choosePolicy({}, {}, {}).batch).toBeUndefined();
  });

  it('has the defaults that the test kit tells plugin authors', () => {
    expect(DEFAULT_POLICY).toMatchObject(TEST_DEFAULTS);
  });
});
