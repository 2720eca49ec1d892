import type { ComparisonStep } from '@crm-mesh/reconciliation';

/**
 * `scan`: each record of the CRM against the ledger. `unmet`: what the ledger has and the scan did not show. `look`: each
 * suspect once more, by its id; `again`: where the CRM cannot be asked by id, by a second scan. `settle`: what was proved,
 * when whatever was on its way has arrived. `sweep`: the list of those that were met goes.
 */
type Phase = 'scan' | 'unmet' | 'look' | 'again' | 'settle' | 'sweep' | 'over';

/** Where a comparison is: the cursor of its steps. */
export interface Stage {
  phase: Phase;
  /** The source's cursor, or the last place. */
  at?: string;
  /** How many records there are, where the CRM says it. */
  total?: number;
  /** Until when what was proved must stand, epoch milliseconds. */
  standsMs?: number;
}

/** What one step came to. */
export type Taken = Partial<Omit<ComparisonStep, 'cursor' | 'total'>> & { next: Stage };

/** The beginning of another phase, or with `at` more of the same. */
export function goTo({ total }: Stage, phase: Phase, more: Omit<Stage, 'phase' | 'total'> = {}): Stage {
  return { phase, ...(total !== undefined && { total }), ...more };
}
