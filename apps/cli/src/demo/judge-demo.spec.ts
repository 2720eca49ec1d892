import type { HostStatus, PublisherStatus } from '@crm-mesh/control';
import { expect, it } from 'vitest';
import { judgeDemo, type DemoFacts } from './judge-demo.js';

const live = (count: number) => ({ live: count, archived: 0, erased: 0, merged: 0 });
const runPlugin = (name: string, acked: number, retried = 0) => ({ name, consumer: { acked, retried } });

function buildFacts(changed: Partial<DemoFacts['observed']> = {}): DemoFacts {
  const publisher = {
    connections: [
      { received: 25, duplicates: 5 },
      { received: 9, duplicates: 3 },
    ],
    normaliser: { normalised: 25, published: 13 },
  } as unknown as PublisherStatus;
  const host = {
    plugins: [runPlugin('audit-log', 13), runPlugin('contact-table', 4), runPlugin('deal-won-notifier', 1, 2)],
  } as unknown as HostStatus;
  const folded = {
    events: 13,
    byType: {
      'contact.created': 3,
      'contact.deleted': 1,
      'company.created': 5,
      'deal.created': 2,
      'deal.won': 1,
      'deal.lost': 1,
    },
    records: 10,
    states: { contact: { ...live(2), archived: 1 }, company: live(5), deal: live(2) },
    deals: { open: 0, won: 1, lost: 1 },
    broken: 0,
  };
  return {
    scenario: {
      truth: {
        records: { contacts: { ...live(2), archived: 1 }, deals: live(2) },
        deals: { open: 0, won: 1, lost: 1 },
      },
      webhooks: { made: 20, dropped: 0, duplicates: 5, delivered: 25, givenUp: 0 },
      receiverFailures: 2,
    },
    own: { sent: 9, duplicates: 3, companies: 5, poison: 1 },
    observed: { publisher, host, stored: 26, folded, deadLetters: 1, ...changed },
    told: 1,
  };
}

const listWrong = (facts: DemoFacts): string[] => judgeDemo(facts).flatMap(({ ok, what }) => (ok ? [] : [what]));
const { folded, host } = buildFacts().observed;

it('is content when all counts are right', () => expect(listWrong(buildFacts())).toEqual([]));

it.each<[string, Partial<DemoFacts['observed']>, string[]]>([
  ['a notification that was lost', { stored: 25 }, ['stored']],
  ['a poison event that vanished', { deadLetters: 0 }, ['dead-lettered']],
  [
    'an event that a plugin never got',
    { folded: { ...folded, events: 14 } },
    ['events published', 'delivered to audit-log'],
  ],
  ['a version too many', { folded: { ...folded, broken: 1 } }, ['versions missing or doubled']],
  [
    'a deletion that was missed',
    { folded: { ...folded, states: { ...folded.states, contact: live(3) } } },
    ['contacts live', 'contacts archived'],
  ],
  [
    'records that should not be',
    { folded: { ...folded, states: { ...folded.states, lead: live(1) } } },
    ['leads live'],
  ],
  ['a plugin that is missing', { host: { ...host, plugins: host.plugins.slice(1) } }, ['delivered to audit-log']],
  [
    'a failure that nobody retried',
    { host: { ...host, plugins: host.plugins.slice(0, 2) } },
    ['delivered to deal-won-notifier', 'retried'],
  ],
])('notices %s', (_what, changed, wrong) => expect(listWrong(buildFacts(changed))).toEqual(wrong));
