import { describe, expect, it } from 'vitest';
import { groupHandlers, type EventHandler } from './event-handlers.js';

const handler = (name: string, patterns: string[], options: Record<string, unknown>): EventHandler => ({
  ...{ name, patterns, options },
  run: Object.assign(() => Promise.resolve(), {}) as EventHandler['run'],
});
const won = (options: Record<string, unknown>, patterns = ['deal.won']): EventHandler =>
  handler('Deals.onWon', patterns, options);
const other = (options: Record<string, unknown>, patterns = ['deal.updated']): EventHandler =>
  handler('Others.take', patterns, options);

describe('groupHandlers', () => {
  it('makes one consumer of the handlers that name it', () => {
    const delivery = { maxAttempts: 3 };
    const handlers = [won({ consumer: 'a', delivery }), other({ consumer: 'a' }), won({ consumer: 'b' })];
    expect(groupHandlers(handlers, 'billing')).toMatchObject([
      { name: 'a', events: ['deal.won', 'deal.updated'], delivery, handlers: [{ name: 'Deals.onWon' }, {}] },
      { name: 'b', events: ['deal.won'], handlers: [{}] },
    ]);
  });

  it.each([
    [
      'no name',
      [won({})],
      "@EventPattern('deal.won') on Deals.onWon: consumer is missing. Write @EventPattern('deal.won', { consumer: 'billing-deal-won' }).",
    ],
    ['a name that is not allowed', [won({ consumer: 'Big Deals' })], 'consumer "Big Deals" is not allowed'],
    ["one of the mesh's own", [won({ consumer: 'normaliser' })], `"normaliser" is one of the mesh's own consumers`],
    [
      'an event that there is not',
      [won({ consumer: 'a' }, ['deal.wonn'])],
      'the pattern "deal.wonn" is no event. Did you mean "deal.won"?',
    ],
    [
      'an option that there is not',
      [won({ consumer: 'a', delvery: {} })],
      'delvery is not known. Did you mean "delivery"?',
    ],
    [
      'a delivery option out of range',
      [won({ consumer: 'a', delivery: { maxAttempts: 0 } })],
      'delivery.maxAttempts is 0',
    ],
    ['batches', [won({ consumer: 'a', delivery: 'stream' })], 'delivery.ack is "all", which needs handleBatch'],
    ['a worker', [won({ consumer: 'a', delivery: { isolation: 'worker' } })], 'delivery.isolation does not count here'],
    [
      'one name on two that want the same event',
      [won({ consumer: 'a' }), other({ consumer: 'a' }, ['contact.*', 'deal.*'])],
      'consumer "a" is on Deals.onWon (deal.won) and Others.take (contact.*, deal.*), which want the same events.',
    ],
    [
      'two words on delivery',
      [won({ consumer: 'a', delivery: 'queue' }), other({ consumer: 'a', delivery: 'webhook' })],
      'consumer "a" has another delivery on each of Deals.onWon (deal.won) and Others.take (deal.updated).',
    ],
  ])('refuses %s', (_, handlers, told) => {
    expect(() => groupHandlers(handlers, 'billing')).toThrow(told);
    expect(() => groupHandlers(handlers, 'billing')).toThrow(/^MESH_HANDLER_INVALID: /);
  });
});
