import pc from 'picocolors';
import type { CliContext } from '../cli-context.js';
import { checkConfig } from '../doctor/check-config.js';
import { checkDataDir, checkNatsServer, checkNode, checkPorts } from '../doctor/check-machine.js';
import { checkMesh } from '../doctor/check-mesh.js';
import { failed, type Check, type CheckResult } from '../doctor/check.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { describeError } from '../output/describe-error.js';

const CHECKS: readonly Check[] = [checkNode, checkNatsServer, checkPorts, checkDataDir, checkConfig, checkMesh];

export async function examine(context: CliContext): Promise<ExitCode> {
  const results: CheckResult[] = [];
  for (const check of CHECKS) {
    const found = await runCheck(check, context);
    results.push(...found);
    context.terminal.print(found.map(renderResult).join('\n'));
  }
  const bad = results.filter((result) => result.state === 'failed').length;
  context.terminal.printJson({ ok: bad === 0, checks: results });
  context.terminal.print(bad === 0 ? `\n${pc.green('✓')} all well` : `\n${pc.red('✗')} ${bad} to mend`);
  return bad === 0 ? EXIT.ok : EXIT.problem;
}

async function runCheck(check: Check, context: CliContext): Promise<CheckResult[]> {
  try {
    return await check.run(context);
  } catch (error) {
    const { what, cure = '' } = describeError(error);
    return [failed(check.name, what, cure)];
  }
}

const MARKS = { ok: pc.green('✓'), note: pc.yellow('·'), failed: pc.red('✗') };

function renderResult({ name, state, detail, cure }: CheckResult): string {
  const line = `${MARKS[state]} ${pc.bold(name)}  ${detail}`;
  return cure ? `${line}\n    ${pc.cyan('→')} ${cure}` : line;
}
