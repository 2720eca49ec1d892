import { describe, expect, it } from 'vitest';
import { checkDelivery } from './check-delivery.js';

describe('checkDelivery', () => {
  it.each([
    undefined,
    {},
    { concurrency: 1, timeoutMs: 86_400_000, maxAttempts: 1, maxAckPending: 100_000 },
    { backoff: { initialMs: 10, maxMs: 20, factor: 1.5 }, order: 'none', idempotency: 'inbox', timeoutMs: undefined },
    'queue',
    { preset: 'stream', ack: 'none', batch: { size: 5, waitMs: 10 } },
    { startFrom: 'all' },
    { startFrom: 'snapshot' },
    { rateLimit: { perSecond: 0.5 } },
    { rateLimit: { perSecond: 50, burst: 10 }, each: { by: 'tenant', concurrency: 2 } },
    { each: { by: 'data.custom.region', rateLimit: { perSecond: 1 } } },
    { order: 'strict' },
    { partitions: 4, order: 'strict' },
    { partitions: 1, order: 'none' },
    { coalesce: true },
    { coalesce: false },
    { coalesce: { afterEvents: 50 } },
    { skipOrigins: ['backfill', 'repair'] },
    { skipOrigins: [], coalesce: true },
    { startFrom: { sequence: 1 } },
    { startFrom: { time: '2026-01-31T00:00:00Z' } },
    { startFrom: { time: '2026-01-31' } },
  ])('accepts %j', (value) => {
    expect(checkDelivery(value)).toEqual([]);
  });

  it.each([
    [5, 'delivery', 'e.g. { maxAttempts: 5 }'],
    ['stack', 'delivery', '"webhook", "queue", "stream"'],
    [{ preset: 'topic' }, 'delivery.preset', '"webhook", "queue", "stream"'],
    [{ ack: 'some' }, 'delivery.ack', '"explicit", "all", "none"'],
    [{ batch: 5 }, 'delivery.batch', '{ size, waitMs }'],
    [{ batch: { size: 0 } }, 'delivery.batch.size', 'from 1 to 100000'],
    [{ batch: { wait: 5 } }, 'delivery.batch.wait', 'Did you mean "waitMs"?'],
    [{ concurrency: 0 }, 'delivery.concurrency', 'from 1 to 1000'],
    [{ timeoutMs: '10s' }, 'delivery.timeoutMs', 'a whole number'],
    [{ timeoutMs: 1.5 }, 'delivery.timeoutMs', 'a whole number'],
    [{ maxAttempts: Infinity }, 'delivery.maxAttempts', 'from 1 to 1000'],
    [{ maxAttempt: 3 }, 'delivery.maxAttempt', 'Did you mean "maxAttempts"?'],
    [{ colour: 'red' }, 'delivery.colour', 'Known are: concurrency'],
    [{ order: 'loose' }, 'delivery.order', '"record", "strict", "none"'],
    [{ coalesce: 'yes' }, 'delivery.coalesce', 'true, false or { afterEvents: 2 or more }'],
    [{ coalesce: {} }, 'delivery.coalesce', '{ afterEvents: 2 or more }'],
    [{ coalesce: { afterEvents: 1 } }, 'delivery.coalesce', '{ afterEvents: 2 or more }'],
    [{ coalesce: { afterEvents: 2, ms: 5 } }, 'delivery.coalesce', '{ afterEvents: 2 or more }'],
    [{ order: 'strict', ack: 'none' }, 'delivery.ack', 'strict order needs dead letters'],
    [{ order: 'strict', idempotency: 'none' }, 'delivery.idempotency', 'Leave delivery.idempotency out'],
    [{ skipOrigins: 'backfill' }, 'delivery.skipOrigins', 'a list of some of: "webhook", "poll"'],
    [{ skipOrigins: ['snapshot'] }, 'delivery.skipOrigins', 'one of: "webhook", "poll"'],
    [{ skipOrigins: ['poll'], coalesce: true }, 'delivery.skipOrigins', 'would supersede one that is wanted'],
    [{ partitions: 0 }, 'delivery.partitions', 'from 1 to 64'],
    [{ partitions: 2, order: 'none' }, 'delivery.partitions', 'all hosts share its events'],
    [{ partitions: 2, idempotency: 'none' }, 'delivery.partitions', 'need the inbox'],
    [{ partitions: 2, ack: 'none' }, 'delivery.partitions', 'need the inbox'],
    [{ partitions: 2, startFrom: 'snapshot' }, 'delivery.partitions', 'until its snapshot is told'],
    [{ backoff: 5 }, 'delivery.backoff', '{ initialMs, maxMs, factor }'],
    [{ backoff: { factor: 0.5 } }, 'delivery.backoff.factor', 'from 1 to 10'],
    [{ backoff: { initial: 5 } }, 'delivery.backoff.initial', 'Did you mean "initialMs"?'],
    [{ rateLimit: 5 }, 'delivery.rateLimit', '{ perSecond: 5 }'],
    [{ rateLimit: {} }, 'delivery.rateLimit', '{ perSecond: 5 }'],
    [{ rateLimit: { perSecond: 0 } }, 'delivery.rateLimit.perSecond', 'a number from 0.001 to 10000'],
    [{ rateLimit: { perSecond: 5, burst: 0.5 } }, 'delivery.rateLimit.burst', 'a whole number from 1'],
    [{ rateLimit: { perSecond: 5, per: 'tenant' } }, 'delivery.rateLimit.per', 'perSecond'],
    [{ each: { concurrency: 2 } }, 'delivery.each.by', '"tenant", "connection"'],
    [{ each: { by: () => 'x', concurrency: 2 } }, 'delivery.each.by', 'such as "data.ownerId"'],
    [{ each: { by: 'owner', concurrency: 2 } }, 'delivery.each.by', 'such as "data.ownerId"'],
    [{ each: { by: 'tenant' } }, 'delivery.each', "{ by: 'tenant', concurrency: 2 }"],
    [
      { each: { by: 'tenant', concurency: 2, concurrency: 2 } },
      'delivery.each.concurency',
      'Did you mean "concurrency"?',
    ],
    [{ each: { by: 'tenant', rateLimit: 1 } }, 'delivery.each.rateLimit', '{ perSecond: 5 }'],
    [{ startFrom: 'beginning' }, 'delivery.startFrom', '"new", "all"'],
    [{ startFrom: { sequence: 0 } }, 'delivery.startFrom', 'sequence: 1 or more'],
    [{ startFrom: { time: 'yesterday' } }, 'delivery.startFrom', 'ISO 8601'],
  ])('refuses %j', (value, field, cure) => {
    expect(checkDelivery(value)).toEqual([{ field, what: expect.any(String), cure: expect.stringContaining(cure) }]);
  });

  it('names the place where the options stand', () => {
    expect(checkDelivery({ concurrency: -1 }, 'plugins.x.delivery')[0]?.field).toBe('plugins.x.delivery.concurrency');
  });
});
