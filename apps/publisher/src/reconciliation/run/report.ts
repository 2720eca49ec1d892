import { formatRecordKey } from '@crm-mesh/contract';
import type { HistoryLine, LabelLine, Pair, RunProgress, RunReport, UnitLine } from '@crm-mesh/control';
import { HARMLESS, LABELS, type Label } from '@crm-mesh/reconciliation';
import type { DifferenceCount, RunRows } from './run-rows.js';
import { countTotal, findCurrent, isSameScope, isWhole, sumUnits, type RunState } from './run-state.js';

const HISTORY = 10;
const LOOKED_BACK = 50;

/** `examples`: so many of each label. */
export async function buildReport(rows: RunRows, state: RunState, examples: number): Promise<RunReport> {
  const counts = await rows.count(state.run);
  const earlier = (await rows.list(state.pair, LOOKED_BACK)).filter(
    (one) => one.run !== state.run && one.begunMs <= state.begunMs && one.ended?.how === 'over',
  );
  const last = earlier.find((one) => isSameScope(one.scope, state.scope));
  const before = last && sumLabels(await rows.count(last.run));
  const { run, pair, by, begunMs, ended, phase, repair, trouble, repaired } = state;
  return {
    ...{ run, pair, by, begunAt: toTime(begunMs), phase, repair, repaired },
    how: ended?.how ?? 'running',
    ...(ended ? { endedAt: toTime(ended.atMs) } : {}),
    ...(ended?.why === undefined ? {} : { why: ended.why }),
    ...(ended?.question === undefined ? {} : { question: ended.question }),
    ...(state.uncounted === undefined ? {} : { uncounted: state.uncounted }),
    ...(trouble ? { trouble: { at: toTime(trouble.atMs), message: trouble.message } } : {}),
    progress: describeProgress(state),
    differences: sumDifferences(counts),
    labels: await describeLabels(rows, state, { counts, before, examples }),
    entities: describeUnits(state, counts),
    ...(last ? { last: { run: last.run, at: toTime(last.begunMs) } } : {}),
    rate: describeRate(state, counts),
    history: await describeHistory(rows, state, earlier),
  };
}

export function describeProgress({ units = [], begunMs, savedMs }: RunState): RunProgress {
  const sums = sumUnits(units);
  const total = countTotal(units);
  const perMinute = sums.compared / (Math.max(1_000, (savedMs ?? begunMs) - begunMs) / 60_000);
  const left = total === undefined ? undefined : Math.max(0, total - sums.compared);
  const waits = findCurrent({ units })?.waits;
  return {
    ...sums,
    ...(total === undefined ? {} : { total }),
    perMinute: Math.round(perMinute),
    ...(left === undefined || perMinute === 0 ? {} : { leftMs: Math.round((left / perMinute) * 60_000) }),
    ...(waits ? { waits: { until: toTime(waits.untilMs), why: waits.why } } : {}),
  };
}

/** What fails in silence. */
export function nameSilent({ leg }: Pair): { label: Label; of: RunReport['rate']['of'] } {
  return leg === 'crm'
    ? { label: 'never-delivered', of: 'missed webhooks' }
    : { label: 'acked-not-applied', of: 'silent failures' };
}

/** By label; what nobody has looked into under `''`. */
export function sumLabels(counts: readonly DifferenceCount[]): Map<Label | '', number> {
  const sums = new Map<Label | '', number>();
  for (const { label = '' as const, count } of counts) sums.set(label, (sums.get(label) ?? 0) + count);
  return sums;
}

export function sumDifferences(counts: readonly DifferenceCount[]): number {
  return sum(counts.filter(({ label }) => label === undefined || !HARMLESS.has(label)));
}

const sum = (counts: readonly DifferenceCount[]): number => counts.reduce((all, { count }) => all + count, 0);

async function describeLabels(
  rows: RunRows,
  { run }: RunState,
  {
    counts,
    before,
    examples,
  }: {
    counts: readonly DifferenceCount[];
    before: ReadonlyMap<Label | '', number> | undefined;
    examples: number;
  },
): Promise<LabelLine[]> {
  const lines: LabelLine[] = [];
  const sums = sumLabels(counts);
  // Also what was there last time, and is not any more.
  for (const label of new Set([...sums.keys(), ...(before?.keys() ?? [])])) {
    const name = label === '' ? undefined : label;
    const own = counts.filter((one) => one.label === name);
    lines.push({
      ...(name === undefined ? {} : { label: name }),
      meaning: name === undefined ? 'not looked into' : LABELS[name],
      count: sums.get(label) ?? 0,
      repaired: sum(own.filter(({ fate }) => fate === 'repaired')),
      ...(before ? { before: before.get(label) ?? 0 } : {}),
      examples: (await rows.readExamples(run, name, examples)).map(({ record }) => formatRecordKey(record)),
    });
  }
  return lines.toSorted((a, b) => b.count - a.count || (a.label ?? '').localeCompare(b.label ?? ''));
}

function describeUnits({ units = [] }: RunState, counts: readonly DifferenceCount[]): UnitLine[] {
  return units.map(({ tenant, connection, entity, compared }) => {
    const unit = `${tenant}/${connection}/${entity}`;
    return { unit, compared, differences: sumDifferences(counts.filter((one) => one.unit === unit)) };
  });
}

function describeRate({ pair, units }: RunState, counts: readonly DifferenceCount[]): RunReport['rate'] {
  const { label, of } = nameSilent(pair);
  const count = sumLabels(counts).get(label) ?? 0;
  const { compared } = sumUnits(units);
  return { of, count, compared, ratio: compared === 0 ? 0 : count / compared };
}

async function describeHistory(rows: RunRows, state: RunState, earlier: readonly RunState[]): Promise<HistoryLine[]> {
  const own = state.ended?.how === 'over' ? [state] : [];
  const runs = [...own, ...earlier].filter(({ scope }) => isWhole(scope)).slice(0, HISTORY);
  const lines = runs.map(async (one) => {
    const counts = await rows.count(one.run);
    const { count: failures, compared } = describeRate(one, counts);
    return { run: one.run, at: toTime(one.begunMs), compared, differences: sumDifferences(counts), failures };
  });
  return (await Promise.all(lines)).toReversed();
}

const toTime = (ms: number): string => new Date(ms).toISOString();
