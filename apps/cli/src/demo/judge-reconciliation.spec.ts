import type { RunReport } from '@crm-mesh/control';
import { expect, it } from 'vitest';
import { judgeReconciliation } from './judge-reconciliation.js';
import type { Planted } from './plant-differences.js';

type Found = Record<string, number>;

const report = (found: Found, repaired: number): RunReport =>
  ({ labels: Object.entries(found).map(([label, count]) => ({ label, count })), repaired }) as unknown as RunReport;
const crm: Found = { 'never-delivered': 3 };
const table: Found = { 'edited-downstream': 2, 'deleted-downstream': 1 };
const planted: Planted = { untold: 3, table: { edited: 2, deleted: 1 } };

const listWrong = (repairing: RunReport[], after: RunReport[] = [], what = planted): string[] =>
  judgeReconciliation({ planted: what, repairing, after }).flatMap(({ ok, what: row }) => (ok ? [] : [row]));

it('is content when all was found, called by its name, repaired and gone', () => {
  expect(listWrong([report(crm, 3), report(table, 3)], [report({}, 0), report({ 'never-delivered': 0 }, 0)])).toEqual(
    [],
  );
});

it('asks for nothing of a table that is no file', () => {
  expect(listWrong([report(crm, 3)], [], { untold: 3 })).toEqual([]);
});

it.each<[string, RunReport[], RunReport[], string[]]>([
  [
    'what was not found',
    [report(crm, 3), report({ 'deleted-downstream': 1 }, 1)],
    [],
    ['edited downstream, found', 'differences repaired'],
  ],
  [
    'a wrong name',
    [report({ 'mapping-changed': 3 }, 3), report(table, 3)],
    [],
    ['not told by the CRM, found', 'differences not planted'],
  ],
  ['what was not repaired', [report(crm, 2), report(table, 3)], [], ['differences repaired']],
  ['what came back', [report(crm, 3), report(table, 3)], [report({ 'in-flight': 1 }, 0)], ['differences left']],
])('notices %s', (_, repairing, after, wrong) => expect(listWrong(repairing, after)).toEqual(wrong));
