import pc from 'picocolors';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { nameActor } from '../mesh/name-actor.js';
import { loadPatchFile } from '../mesh/patch-letter.js';
import { chooseStepSize, planRedrive } from '../mesh/plan-redrive.js';
import { sendRedrive, type RedriveReport } from '../mesh/send-redrive.js';
import { formatCount } from '../output/format.js';
import { askPerson, select, type SelectionOptions } from './dead-selection.js';

interface RedriveOptions extends SelectionOptions {
  again?: boolean;
  patch?: string;
  rate: number;
  yes?: boolean;
  as?: string;
}

export async function redriveDead(
  context: CliContext,
  options: RedriveOptions,
  sequences: number[] = [],
): Promise<ExitCode> {
  const { terminal, cwd } = context;
  const { again, rate } = options;
  const patch = options.patch === undefined ? undefined : await loadPatchFile(cwd, options.patch);
  return withMesh(context, async (nats) => {
    const letters = await select(nats, options, sequences);
    const isAsked = !options.yes && terminal.interactive && letters.length > 1;
    if (isAsked && !(await askPerson(terminal, 'Redrive', letters))) return EXIT.problem;
    const report = await sendRedrive(nats, planRedrive(letters, chooseStepSize(rate)), {
      ...{ by: nameActor(options.as), again, patch, perSecond: rate },
      onProgress: (soFar, consumer) =>
        terminal.remark(pc.dim(`${formatCount(countDone(soFar))} of ${formatCount(letters.length)} (${consumer})`)),
    });
    terminal.printJson(report);
    terminal.print(renderReport(report));
    return report.missing.length + report.refused.length === 0 ? EXIT.ok : EXIT.problem;
  });
}

function countDone({ redriven, superseded, missing, left, refused }: RedriveReport): number {
  return redriven.length + superseded.length + missing.length + left.length + refused.length;
}

function renderReport(report: RedriveReport): string {
  const { redriven, superseded, missing, left, refused } = report;
  if (countDone(report) === 0) return 'There is nothing to redrive.';
  return [
    `${pc.green('✓')} ${redriven.length} redriven`,
    ...superseded.map(
      ({ sequence, newer }) =>
        `  ${sequence} skipped and closed: event ${newer} of its record is newer (--again runs it)`,
    ),
    ...(left.length > 0 ? [`  ${left.length} left as they are, for the patch gave nothing back`] : []),
    ...refused.map(({ sequence, reason }) => `${pc.red('✗')} ${sequence} left as it is: ${reason}`),
    ...(missing.length > 0 ? [`${pc.red('✗')} ${missing.length} could not be: ${missing.join(', ')}`] : []),
  ].join('\n');
}
