import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { MeshError } from '@crm-mesh/contract';
import type { RunReport } from '@crm-mesh/control';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { askReport, listRuns } from '../mesh/reconcile.js';
import { renderReconcilePage } from '../output/reconcile-page.js';
import { renderReport, renderRuns } from '../output/reconcile-tables.js';

/** Of each label, in a file or as JSON. */
export const MANY_EXAMPLES = 100;

interface ReportOptions {
  pair?: string;
  html?: string;
}

export async function showReport(
  context: CliContext,
  { pair, html }: ReportOptions,
  run: string | undefined,
): Promise<ExitCode> {
  const { terminal } = context;
  const many = html !== undefined || terminal.json ? { examples: MANY_EXAMPLES } : {};
  const choice = { ...(run === undefined ? {} : { run }), ...(pair === undefined ? {} : { pair }), ...many };
  return withMesh(context, async (nats) => {
    const report = await askReport(nats, choice);
    terminal.printJson(report);
    terminal.print(renderReport(report, Date.now()));
    if (html !== undefined) writePage(context, html, [report]);
    return chooseReconcileExit([report]);
  });
}

export async function showRuns(context: CliContext, _options: object, pair: string | undefined): Promise<ExitCode> {
  const { terminal } = context;
  return withMesh(context, async (nats) => {
    const runs = await listRuns(nats, pair);
    terminal.printJson(runs);
    terminal.print(renderRuns(runs, Date.now()));
    return EXIT.ok;
  });
}

/** Throws MESH_USAGE where the file cannot be written. */
export function writePage({ cwd, terminal }: CliContext, file: string, reports: readonly RunReport[]): void {
  const path = resolve(cwd, file);
  try {
    writeFileSync(path, renderReconcilePage(reports, new Date().toISOString()));
  } catch (error) {
    const what = `${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)}).`;
    throw new MeshError('MESH_USAGE', what, { cause: error, cure: 'Name a file in a folder that is there.' });
  }
  terminal.remark(path);
}

/** Clean, differences, or not to the end: of several the worst. */
export function chooseReconcileExit(reports: readonly Pick<RunReport, 'how' | 'differences'>[]): ExitCode {
  if (reports.some(({ how }) => how !== 'over' && how !== 'running')) return EXIT.unfinished;
  return reports.some(({ differences }) => differences > 0) ? EXIT.problem : EXIT.ok;
}
