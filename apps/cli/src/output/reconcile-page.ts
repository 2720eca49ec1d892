import type { RunReport } from '@crm-mesh/control';
import { formatCount } from './format.js';
import { describeChange, describeRepaired, formatRatio } from './reconcile-tables.js';

/** Reports as one page that needs nothing else: no script, no font, no picture from elsewhere. Of records it names ids alone. */
export function renderReconcilePage(reports: readonly RunReport[], madeAt: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Reconciliation</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Reconciliation</h1>
<p class="quiet">Made ${escapeHtml(madeAt)} by crm-mesh.</p>
${reports.map(renderReport).join('\n')}
</body>
</html>
`;
}

const STYLE = `
:root { color-scheme: light dark; --line: #d8dce3; --quiet: #626b7a; --bar: #4a7dd0; --good: #1d7f45; --bad: #b3372c; }
@media (prefers-color-scheme: dark) { :root { --line: #3a404b; --quiet: #9aa4b4; --good: #5bc98a; --bad: #ef8378; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .25rem; } h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.quiet { color: var(--quiet); } .good { color: var(--good); } .bad { color: var(--bad); }
code { font: .85em ui-monospace, monospace; overflow-wrap: anywhere; }
.bar { display: inline-block; height: .7em; min-width: 1px; background: var(--bar); }
details ul { margin: .25rem 0; padding-left: 1.2rem; }
`;

function renderReport(report: RunReport): string {
  const { pair, run, by, begunAt, endedAt, how, why, progress, differences, repaired, uncounted = 0, rate } = report;
  const sides = pair.leg === 'crm' ? `${pair.name} ⇄ mesh` : `mesh ⇄ ${pair.name}`;
  const isClean = how === 'over' && differences === 0;
  const found = differences === 0 ? 'All agree.' : `${formatCount(differences)} records differ.`;
  return `<section>
<h2>${escapeHtml(sides)}</h2>
<p class="${isClean ? 'good' : 'bad'}">${found}${repaired + uncounted > 0 ? ` ${describeRepaired(report)}.` : ''}${
    how === 'over' ? '' : ` The run is ${escapeHtml(how)}.`
  }${why === undefined ? '' : ` ${escapeHtml(why)}.`}</p>
<p class="quiet">Run <code>${escapeHtml(run)}</code> by ${escapeHtml(by)}, ${escapeHtml(begunAt)} to ${escapeHtml(endedAt ?? '…')}.
${formatCount(progress.compared)} records compared, ${formatCount(progress.rows)} rows read, ${formatCount(progress.calls)} requests.
${escapeHtml(rate.of)}: ${formatRatio(rate.ratio)} (${formatCount(rate.count)} of ${formatCount(rate.compared)}).</p>
${renderLabels(report)}
${renderEntities(report)}
${renderHistory(report)}
</section>`;
}

function renderLabels({ labels }: RunReport): string {
  if (labels.length === 0) return '';
  const rows = labels.map(
    ({ label = 'not looked into', meaning, count, before, repaired, examples }) =>
      `<tr><td><b>${escapeHtml(label)}</b><br><span class="quiet">${escapeHtml(meaning)}</span>${renderExamples(examples)}</td>` +
      `${number(formatCount(count))}${number(describeChange(count, before))}${number(formatCount(repaired))}</tr>`,
  );
  return renderTable('Why', ['Label', '#Records', '#Before', '#Repaired'], rows);
}

function renderExamples(examples: readonly string[]): string {
  if (examples.length === 0) return '';
  const items = examples.map((record) => `<li><code>${escapeHtml(record)}</code></li>`).join('');
  return `<details><summary>${formatCount(examples.length)} of them</summary><ul>${items}</ul></details>`;
}

function renderEntities({ entities }: RunReport): string {
  if (entities.length === 0) return '';
  const rows = entities.map(
    ({ unit, compared, differences }) =>
      `<tr><td>${escapeHtml(unit)}</td>${number(formatCount(compared))}${number(formatCount(differences))}</tr>`,
  );
  return renderTable('By entity', ['Entity', '#Compared', '#Differ'], rows);
}

function renderHistory({ history, rate }: RunReport): string {
  if (history.length < 2) return '';
  const most = Math.max(1, ...history.map(({ differences }) => differences));
  const rows = history.map(({ run, at, compared, differences, failures }) => {
    const bar = `<span class="bar" style="width:${Math.round((differences / most) * 120)}px"></span>`;
    const share = compared === 0 ? '' : formatRatio(failures / compared);
    return (
      `<tr><td>${escapeHtml(at)}</td><td><code>${escapeHtml(run)}</code></td>${number(formatCount(compared))}` +
      `${number(formatCount(differences))}<td>${bar}</td>${number(share)}</tr>`
    );
  });
  return renderTable('The last runs', ['When', 'Run', '#Compared', '#Differ', '', `#${rate.of}`], rows);
}

/** Titles with `#` in front are of numbers. */
function renderTable(heading: string, titles: readonly string[], rows: readonly string[]): string {
  const head = titles.map((title) =>
    title.startsWith('#') ? `<th class="number">${escapeHtml(title.slice(1))}</th>` : `<th>${escapeHtml(title)}</th>`,
  );
  return `<h3>${escapeHtml(heading)}</h3>\n<table><tr>${head.join('')}</tr>\n${rows.join('\n')}\n</table>`;
}

const number = (text: string): string => `<td class="number">${escapeHtml(text)}</td>`;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}
