import Table from 'cli-table3';
import pc from 'picocolors';
import type { BenchCase, Goal } from './bench-case.js';
import type { Round, Summary } from './statistics.js';

export type Result = { benchCase: BenchCase } & (
  { kind: 'measured'; summary: Summary } | { kind: 'skipped'; reason: string } | { kind: 'failed'; reason: string }
);

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

/** One JSON object on one line; where nothing was measured the numbers are null, and `skipped` or `failed` says why. */
export function formatJsonLine({ benchCase, ...result }: Result): string {
  const summary = result.kind === 'measured' ? result.summary : undefined;
  return JSON.stringify({
    case: benchCase.name,
    reference: benchCase.reference,
    ratio: summary ? round(summary.ratio, 3) : null,
    target: benchCase.goal.target,
    holds: summary?.holds ?? null,
    rounds: summary?.rounds ?? 0,
    noise: summary ? round(summary.noise, 3) : null,
    value: summary ? round(summary.value, 2) : null,
    unit: benchCase.unit,
    ...(result.kind === 'measured' ? {} : { [result.kind]: result.reason }),
  });
}

export function formatTable(results: readonly Result[]): string {
  const titles = ['case', 'reference', 'ratio', 'to reach', 'holds', 'noise', 'rounds', 'value'];
  const table = new Table({
    head: titles.map((title) => pc.bold(title)),
    colAligns: ['left', 'left', 'right', 'right', 'left', 'right', 'right', 'right'],
    style: { head: [], border: [] },
  });
  table.push(...results.map(describeRow));
  return table.toString();
}

function describeRow({ benchCase, ...result }: Result) {
  const { name, reference, goal, unit } = benchCase;
  if (result.kind !== 'measured') {
    const content = result.kind === 'skipped' ? `skipped: ${result.reason}` : pc.red(`failed: ${result.reason}`);
    return [name, reference, { content, colSpan: 6 }];
  }
  const { ratio, holds, noise, rounds, value } = result.summary;
  const verdict = holds ? pc.green('yes') : pc.red('no');
  const cells = [formatNumber(ratio), describeGoal(goal, unit), verdict, `±${Math.round(noise * 100)} %`];
  return [name, reference, ...cells, String(rounds), `${formatNumber(value)} ${unit}`];
}

function describeGoal({ kind, target }: Goal, unit: string): string {
  if (kind === 'more-at-most') return `≤ ${target} ${unit}`;
  return `${kind === 'ratio-at-least' ? '≥' : '≤'} ${target}`;
}

export function describeRound(name: string, unit: string, { ours, reference, again }: Round): string {
  const pair = `A/A ${formatNumber(again / reference)}`;
  return `${name}: ${formatNumber(ours)} against ${formatNumber(reference)} ${unit.replace(/ more$/, '')} (${formatNumber(ours / reference)}; ${pair})`;
}

/** Three digits that count: 52,134 and 12.3 and 0.87. */
function formatNumber(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
