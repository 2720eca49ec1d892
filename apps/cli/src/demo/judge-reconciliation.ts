import type { RunReport } from '@crm-mesh/control';
import { compare, sum, type DemoRow } from './judge-demo.js';
import type { Reconciled } from './reconcile-mesh.js';

/** Holds what a reconciliation found, called and repaired against what was planted. */
export function judgeReconciliation({ planted: { untold, table }, repairing, after }: Reconciled): DemoRow[] {
  const expected: [label: string, what: string, count: number][] = [
    ['never-delivered', 'not told by the CRM, found', untold],
    ['edited-downstream', 'edited downstream, found', table?.edited ?? 0],
    ['deleted-downstream', 'deleted downstream, found', table?.deleted ?? 0],
  ];
  const labels = new Set(expected.map(([label]) => label));
  const all = sum(expected.map(([, , count]) => count));
  return [
    ...expected
      .filter(([, , count]) => count > 0)
      .map(([label, what, count]) =>
        compare(
          what,
          count,
          countLabels(repairing, (one) => one === label),
        ),
      ),
    compare(
      'differences not planted',
      0,
      countLabels(repairing, (one) => !labels.has(one ?? '')),
    ),
    compare('differences repaired', all, sum(repairing.map(({ repaired }) => repaired))),
    compare(
      'differences left',
      0,
      countLabels(after, () => true),
    ),
  ];
}

/** Harmless ones, too: at rest there are none. */
function countLabels(reports: readonly RunReport[], isWanted: (label: string | undefined) => boolean): number {
  return sum(reports.flatMap(({ labels }) => labels.flatMap(({ label, count }) => (isWanted(label) ? [count] : []))));
}
