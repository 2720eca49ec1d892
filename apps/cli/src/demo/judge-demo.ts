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

function judgeFlow({ scenario, own, observed }: DemoFacts): DemoRow[] {
  const sum = (key: 'received' | 'duplicates'): number =>
    observed.publisher.connections.reduce((total, connection) => total + connection[key], 0);
  const duplicates = scenario.webhooks.duplicates + own.duplicates;
  const received = scenario.webhooks.delivered + own.sent;
  return [
    compare('webhooks given up by the CRM', 0, scenario.webhooks.givenUp),
    compare('received', received, sum('received')),
    compare('duplicates dropped', duplicates, sum('duplicates')),
    compare('stored', received - duplicates, observed.stored),
    compare('normalised', received - duplicates - own.poison, observed.publisher.normaliser.normalised),
    compare('events published', observed.publisher.normaliser.published, observed.folded.events),
    compare('records with a version missing or doubled', 0, observed.folded.broken),
  ];
}

/** The state that a reader of the events ends with, against the CRM's own. */
function judgeRecords({ scenario: { truth }, own, observed: { folded } }: DemoFacts): DemoRow[] {
  const rows = Object.entries(ENTITIES).flatMap(([type, entity]) =>
    STATES.map((state) => {
      const extra = entity === 'company' && state === 'live' ? own.companies : 0;
      return compare(
        `${type} ${state}`,
        (truth.records[type]?.[state] ?? 0) + extra,
        folded.states[entity]?.[state] ?? 0,
      );
    }),
  );
  const deals = (['open', 'won', 'lost'] as const).map((status) =>
    compare(`deals ${status}`, truth.deals[status], folded.deals[status]),
  );
  return [...rows.filter((row) => row.expected > 0 || !row.ok), ...deals];
}

function judgeDelivery({ scenario, own, observed, told }: DemoFacts): DemoRow[] {
  const { host, folded, deadLetters } = observed;
  const find = (name: string) => host.plugins.find((plugin) => plugin.name === name)?.consumer;
  const { won } = scenario.truth.deals;
  const contacts = Object.entries(folded.byType).filter(([type]) => type.startsWith('contact.'));
  const retried = host.plugins.reduce((total, plugin) => total + (plugin.consumer?.retried ?? 0), 0);
  return [
    compare('delivered to audit-log', folded.events, find('audit-log')?.acked ?? 0),
    compare(
      'delivered to contact-table',
      contacts.reduce((total, [, count]) => total + count, 0),
      find('contact-table')?.acked ?? 0,
    ),
    compare('delivered to deal-won-notifier', won, find('deal-won-notifier')?.acked ?? 0),
    compare('deals told to the system behind', won, told),
    compare('retried', scenario.receiverFailures, retried),
    compare('dead-lettered', own.poison, deadLetters),
  ];
}

function compare(what: string, expected: number, actual: number): DemoRow {
  return { what, expected, actual, ok: expected === actual };
}
