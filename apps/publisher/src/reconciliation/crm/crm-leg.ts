import type { Comparison, Repairer } from '@crm-mesh/reconciliation';
import { compareCrm } from './crm-comparison.js';
import { createCrmRepairer, type CrmRepairerDependencies } from './repair-crm.js';
import type { CrmScope } from './sides.js';

/** CRM ⇄ ledger: what differs, and the way to mend it. */
export interface CrmLeg {
  compare(scope: CrmScope): Comparison;
  repairer: Repairer;
}

export function openCrmLeg(dependencies: CrmRepairerDependencies): CrmLeg {
  return { compare: (scope) => compareCrm(scope, dependencies), repairer: createCrmRepairer(dependencies) };
}
