import type { Comparison, ComparisonStep } from '@crm-mesh/reconciliation';
import { lookAtPage, lookForUnmet } from './first-look.js';
import { Scratch, type Noted } from './scratch.js';
import { lookById, lookByScan, settle } from './second-look.js';
import { placeOf, Sides, type CrmLegDependencies, type CrmScope } from './sides.js';
import type { Stage, Taken } from './stage.js';
import { noteKnown, type Suspect } from './suspect.js';

/**
 * One CRM's records of one entity against the ledger. What differs at first sight is a suspect; what still differs when the
 * CRM is asked for it once more, and of what the ledger learns nothing for a while after that, is found. So nothing that
 * changes meanwhile is a difference, and a scan that ends too early makes none: all that it has not shown is asked for.
 */
export function compareCrm(scope: CrmScope, dependencies: CrmLegDependencies): Comparison {
  const sides = new Sides(scope, dependencies);
  const scratch = new Scratch(dependencies.store, scope);
  const parts = { sides, scratch };
  return {
    async *steps(cursor: string | undefined, signal: AbortSignal): AsyncIterable<ComparisonStep> {
      let stage = cursor === undefined ? await begin(parts) : (JSON.parse(cursor) as Stage);
      while (stage.phase !== 'over') {
        signal.throwIfAborted();
        const { next, ...told } = await take(parts, stage, signal);
        stage = next;
        const { total } = next;
        const nothing = { compared: 0, rows: 0, calls: 0, found: [], ...(total !== undefined && { total }) };
        yield { ...nothing, ...told, cursor: JSON.stringify(next) };
      }
    },
  };
}

interface Parts {
  sides: Sides;
  scratch: Scratch;
}

/** Whom the CRM can be asked for by id, is asked for at once. */
async function begin({ sides, scratch }: Parts): Promise<Stage> {
  await scratch.begin();
  const { ids } = sides.scope;
  if (!ids || !sides.canFetch) return { phase: 'scan' };
  const readMs = sides.dependencies.now();
  const places = [...new Set(ids)].flatMap((id) => placeOf(id) ?? []);
  const entries = await sides.readEntries(places);
  const suspects = places.map((place, at): Noted<Suspect> => {
    return { place, note: { kind: 'missing', readMs, ...noteKnown(entries[at]) } };
  });
  await scratch.note({ met: [], suspects });
  return { phase: 'look', total: suspects.length };
}

async function take(parts: Parts, stage: Stage, signal: AbortSignal): Promise<Taken> {
  switch (stage.phase) {
    case 'scan':
      return lookAtPage(parts, stage, signal);
    case 'unmet':
      return lookForUnmet(parts, stage);
    case 'look':
      return lookById(parts, stage, signal);
    case 'again':
      return lookByScan(parts, stage, signal);
    case 'settle':
      return settle(parts, stage, signal);
    case 'sweep':
    case 'over':
      await parts.scratch.forgetMet();
      return { next: { phase: 'over' } };
  }
}
