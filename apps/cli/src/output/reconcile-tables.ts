import type { RunProgress, RunReport, RunStatus } from '@crm-mesh/control';
import pc from 'picocolors';
import { cutText, formatAge, formatCount, formatDuration } from './format.js';
import { renderTable, type Column } from './table.js';

const right = (title: string): Column => ({ title, align: 'right' });
const PHASES = { comparing: 'compares', labelling: 'looks into what differs', repairing: 'repairs' } as const;
const ENDS = {
  ...{ running: pc.dim, over: pc.green, failed: pc.red },
  ...{ asked: pc.yellow, superseded: pc.dim, cancelled: pc.yellow },
} as const;

/** `compares 40,000 of 100,000, 12 differ; 60,000 a minute, 60 s left` */
export function describeRun(status: RunStatus): string {
  const { phase, progress, differences, repair, trouble } = status;
  const { compared, total } = progress;
  const of = total === undefined ? '' : ` of ${formatCount(total)}`;
  const done = repair && phase === 'repairing' ? `, ${describeRepaired(status)}` : '';
  const pace = phase === 'comparing' ? `; ${describePace(progress)}` : '';
  const fails = trouble === undefined ? '' : `; ${cutText(trouble, 80)}`;
  return `${PHASES[phase]} ${formatCount(compared)}${of}, ${formatCount(differences)} differ${done}${pace}${fails}`;
}

/** The time of the clock, and not what is left of it: it stays the same line. */
function describePace({ perMinute, leftMs, waits }: RunProgress): string {
  if (waits) return `waits until ${waits.until.slice(11, 19)} UTC: ${waits.why}`;
  const left = leftMs === undefined ? '' : `, ${formatDuration(leftMs)} left`;
  return `${formatCount(perMinute)} a minute${left}`;
}

/** `100 repaired, and up to 50 more` */
export function describeRepaired({ repaired, uncounted = 0 }: Pick<RunStatus, 'repaired' | 'uncounted'>): string {
  const more = uncounted === 0 ? '' : `, and up to ${formatCount(uncounted)} more`;
  return `${formatCount(repaired)} repaired${more}`;
}

/** Everything of a report for people. */
export function renderReport(report: RunReport, nowMs: number): string {
  return [
    renderHead(report, nowMs),
    ...(report.labels.length > 0 ? [renderLabels(report)] : []),
    ...(report.entities.length > 0 ? [renderEntities(report)] : []),
    ...(report.history.length > 1 ? [renderHistory(report, nowMs)] : []),
  ].join('\n\n');
}

function renderHead(report: RunReport, nowMs: number): string {
  const { run, pair, how, why, progress, differences, repaired, uncounted = 0, begunAt, rate } = report;
  const sides = pair.leg === 'crm' ? `${pair.name} ⇄ mesh` : `mesh ⇄ ${pair.name}`;
  const found = differences === 0 ? 'all agree' : `${formatCount(differences)} differ`;
  const mended = repaired + uncounted > 0 ? `, ${describeRepaired(report)}` : '';
  const mark = how === 'over' && differences === 0 ? pc.green('✓') : ENDS[how](how === 'over' ? '!' : `${how}:`);
  const silent = rate.count === 0 ? '' : `, ${rate.of} ${formatRatio(rate.ratio)}`;
  return [
    `${mark} ${pc.bold(sides)}  ${formatCount(progress.compared)} compared, ${found}${mended}${silent}`,
    ...(why === undefined ? [] : [`  ${why}${how === 'asked' ? pc.cyan(' → say --yes to go on') : ''}`]),
    pc.dim(
      `  run ${run}, ${formatAge(begunAt, nowMs)}, ${formatCount(progress.rows)} rows and ${formatCount(progress.calls)} requests`,
    ),
  ].join('\n');
}

function renderLabels({ labels, repair }: RunReport): string {
  const columns = [
    ...[{ title: 'why' }, right('records'), { title: 'before' }],
    ...(repair ? [right('repaired')] : []),
    { title: 'for example' },
  ];
  return renderTable(
    columns,
    labels.map(({ label = 'not looked into', count, before, repaired, examples }) => [
      label,
      formatCount(count),
      describeChange(count, before),
      ...(repair ? [formatCount(repaired)] : []),
      cutText(examples.join(', '), 90),
    ]),
  );
}

/** `12 → 3` */
export function describeChange(count: number, before: number | undefined): string {
  if (before === undefined) return '';
  return before === count ? '=' : `${formatCount(before)} → ${formatCount(count)}`;
}

function renderEntities({ entities }: RunReport): string {
  const columns = [{ title: 'entity' }, right('compared'), right('differ')];
  return renderTable(
    columns,
    entities.map(({ unit, compared, differences }) => [unit, formatCount(compared), formatCount(differences)]),
  );
}

function renderHistory({ history, rate }: RunReport, nowMs: number): string {
  const columns = [{ title: 'run' }, { title: 'when' }, right('compared'), right('differ'), right(rate.of)];
  return renderTable(
    columns,
    history.map(({ run, at, compared, differences, failures }) => [
      ...[run, formatAge(at, nowMs), formatCount(compared), formatCount(differences)],
      compared === 0 ? '' : formatRatio(failures / compared),
    ]),
  );
}

/** `0.012 %` */
export function formatRatio(ratio: number): string {
  return `${Number((ratio * 100).toPrecision(2))} %`;
}

/** `mesh reconcile list` */
export function renderRuns(runs: readonly RunStatus[], nowMs: number): string {
  if (runs.length === 0) return pc.dim('none yet: mesh reconcile');
  const columns = [
    ...[{ title: 'run' }, { title: 'pair' }, { title: 'when' }, { title: 'by' }, { title: 'state' }],
    ...[right('compared'), right('differ'), right('repaired'), { title: '' }],
  ];
  return renderTable(
    columns,
    runs.map(({ run, pair, begunAt, by, how, progress, differences, repaired, why = '' }) => [
      ...[run, pair.name, formatAge(begunAt, nowMs), by, ENDS[how](how), formatCount(progress.compared)],
      ...[formatCount(differences), formatCount(repaired), cutText(why, 60)],
    ]),
  );
}
