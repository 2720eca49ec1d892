import type { Observed } from './observe-mesh.js';
import type { OwnEvents } from './own-events.js';
import type { ScenarioResult } from './scenario.js';

/** One row of the demo's table. */
export interface DemoRow {
  what: string;
  expected: number;
  actual: number;
  ok: boolean;
}

export interface DemoFacts {
  scenario: ScenarioResult;
  own: OwnEvents;
  observed: Observed;
  /** Deals that the system behind the notifier was told of, each counted once. */
  told: number;
}

/** What the CRM calls its types, and how the mesh calls them. Line items come with their deals and have no events. */
const ENTITIES: Readonly<Record<string, string>> = {
  contacts: 'contact',
  companies: 'company',
  deals: 'deal',
  products: 'product',
  leads: 'lead',
};
const STATES = ['live', 'archived', 'erased', 'merged'] as const;

/** Holds what the mesh did against what the sandbox and the demo say that they did. */
export function judgeDemo(facts: DemoFacts): DemoRow[] {
  return [...judgeFlow(facts), ...judgeRecords(facts), ...judgeDelivery(facts)];
}

function judgeFlow({ scenario: { webhooks }, own, observed }: DemoFacts): DemoRow[] {
  const { connections, normaliser } = observed.publisher;
  const stored = webhooks.made - webhooks.dropped + own.sent - own.duplicates;
  return [
    compare('received', webhooks.delivered + own.sent, sum(connections.map(({ received }) => received))),
    compare(
      'duplicates dropped',
      webhooks.duplicates + own.duplicates,
      sum(connections.map(({ duplicates }) => duplicates)),
    ),
    compare('stored', stored, observed.stored),
    compare('normalised', stored - own.poison, normaliser.normalised),
    compare('events published', normaliser.published, observed.folded.events),
    compare('versions missing or doubled', 0, observed.folded.broken),
  ];
}

/** The state that a reader of the events ends with, against the CRM's own. */
function judgeRecords({ scenario: { truth }, own, observed: { folded } }: DemoFacts): DemoRow[] {
  const rows = Object.entries(ENTITIES).flatMap(([type, entity]) =>
    STATES.map((state) => {
      const extra = entity === 'company' && state === 'live' ? own.companies : 0;
      const expected = (truth.records[type]?.[state] ?? 0) + extra;
      return compare(`${type} ${state}`, expected, folded.states[entity]?.[state] ?? 0);
    }),
  );
  const deals = (['open', 'won', 'lost'] as const).map((status) =>
    compare(`deals ${status}`, truth.deals[status], folded.deals[status]),
  );
  return [...rows.filter((row) => row.expected > 0 || !row.ok), ...deals];
}

function judgeDelivery({ scenario, own, observed, told }: DemoFacts): DemoRow[] {
  const { host, folded, deadLetters } = observed;
  const countAcked = (name: string): number =>
    host.plugins.find((plugin) => plugin.name === name)?.consumer?.acked ?? 0;
  const { won } = scenario.truth.deals;
  const contacts = Object.entries(folded.byType).filter(([type]) => type.startsWith('contact.'));
  return [
    compare('delivered to audit-log', folded.events, countAcked('audit-log')),
    compare('delivered to contact-table', sum(contacts.map(([, count]) => count)), countAcked('contact-table')),
    compare('delivered to deal-won-notifier', won, countAcked('deal-won-notifier')),
    compare('deals told to the system behind', won, told),
    compare('retried', scenario.receiverFailures, sum(host.plugins.map(({ consumer }) => consumer?.retried ?? 0))),
    compare('dead-lettered', own.poison, deadLetters),
  ];
}

export function compare(what: string, expected: number, actual: number): DemoRow {
  return { what, expected, actual, ok: expected === actual };
}

export function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}
