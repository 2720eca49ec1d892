import { escapeToken, formatRecordKey } from '@crm-mesh/contract';
import type { LastReport } from './leg.js';
import type { RunRows } from './run-rows.js';
import type { RunState } from './run-state.js';

/** Older reports say little of what is now. */
const LOOKED_AT = 20;

/** The last run of the same pair that went to its end and was about whole entities; undefined where there is none. */
export async function findLastReport(rows: RunRows, { run, pair, begunMs }: RunState): Promise<LastReport | undefined> {
  const states = await rows.list(pair, LOOKED_AT);
  const last = states.find(
    (one) => one.run !== run && one.begunMs <= begunMs && one.ended?.how === 'over' && one.scope.range === undefined,
  );
  if (!last) return undefined;
  const units = new Set(last.units?.map(nameUnit));
  return {
    upTo: last.upTo ?? 0,
    listEqual: async (records) => {
      const differed = await rows.listAmong(last.run, records);
      const equal = records.filter((record) => units.has(nameUnit(record)) && !differed.has(formatRecordKey(record)));
      return new Set(equal.map(formatRecordKey));
    },
  };
}

function nameUnit({ tenant, connection, entity }: { tenant: string; connection: string; entity: string }): string {
  return [tenant, connection, entity].map(escapeToken).join('/');
}
