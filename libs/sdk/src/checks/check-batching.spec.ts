import { describe, expect, it } from 'vitest';
import { checkBatching } from './check-batching.js';

describe('checkBatching', () => {
  it.each([
    [false, undefined],
    [false, { order: 'strict', rateLimit: { perSecond: 5 }, each: { by: 'tenant', concurrency: 1 } }],
    [false, { preset: 'stream', ack: 'explicit' }],
    [true, 'stream'],
    [true, { ack: 'none', batch: { size: 5 }, coalesce: true, isolation: 'inline' }],
    [true, { order: 'none', rateLimit: undefined }],
  ] as const)('handles batches: %s; accepts %j', (handlesBatches, delivery) => {
    expect(checkBatching(handlesBatches, delivery)).toEqual([]);
  });

  it.each([
    [false, 'stream', ['delivery.ack']],
    [false, { batch: { size: 5 } }, ['delivery.batch']],
    [true, { order: 'strict' }, ['delivery.order']],
    [true, { rateLimit: { perSecond: 5 } }, ['delivery.rateLimit']],
    [
      true,
      { rateLimit: { perSecond: 5 }, each: { by: 'tenant', concurrency: 1 } },
      ['delivery.rateLimit', 'delivery.each'],
    ],
  ] as const)('handles batches: %s; refuses %j', (handlesBatches, delivery, fields) => {
    expect(checkBatching(handlesBatches, delivery).map(({ field }) => field)).toEqual(fields);
  });
});
