import type { Pair } from '@crm-mesh/control';
import { askConsumer, comparePlugin, readSettledPosition, repairPlugin } from '@crm-mesh/reconciliation';
import { collectPluginFacts } from '../facts/plugin-facts.js';
import type { OpenedLeg } from '../run/leg.js';
import type { RunState } from '../run/run-state.js';
import type { LegDependencies } from './leg-dependencies.js';

/** The ledger against what a plugin holds. */
export async function openPluginPair(
  { nats, ledger }: LegDependencies,
  { name: consumer }: Pair,
  { upTo }: Pick<RunState, 'upTo'>,
): Promise<OpenedLeg> {
  const ask = askConsumer(nats, consumer);
  const { entities, marks, fields } = await ask({ ask: 'holdings' });
  const settledUpTo = (): Promise<number> => readSettledPosition(nats, consumer);
  const fieldsOf = (entity: string): readonly string[] | undefined =>
    marks === 'fields' ? fields?.[entity] : undefined;
  return {
    upTo: upTo ?? (await settledUpTo()),
    listUnits: async () => (await ledger.listEntities()).filter(({ entity }) => entities.includes(entity)),
    compare: (scope, range) => comparePlugin({ ask, ledger, scope, range, settledUpTo }),
    collectFacts: (mismatches, last) => collectPluginFacts({ nats, ledger, consumer, fieldsOf }, mismatches, last),
    repairer: repairPlugin({ nats, consumer, ask, ledger }),
  };
}
