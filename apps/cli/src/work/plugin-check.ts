import { basename } from 'node:path';
import pc from 'picocolors';
import { findDropIns } from '@crm-mesh/drop-ins';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { loadMeshConfig } from '../mesh/load-mesh-config.js';
import { checkDropIn, type DropInCheck } from './check-drop-in.js';
import { findNamed } from './find-named.js';

export async function checkPlugins(context: CliContext, _options: object, files: string[] = []): Promise<ExitCode> {
  const config = loadMeshConfig(context);
  const dropIns =
    files.length > 0 ? await findNamed(context.cwd, files, 'plugin') : await findDropIns(config.pluginFolders);
  const results = await Promise.all(dropIns.map((dropIn) => checkDropIn(dropIn, config)));
  context.terminal.printJson({ plugins: results });
  context.terminal.print(results.map(renderResult).join('\n') || 'There are no plugins in the plugin folders.');
  return results.every((result) => result.ok) ? EXIT.ok : EXIT.problem;
}

function renderResult({ ok, name, file, version, events, error, warnings }: DropInCheck): string {
  const where = pc.dim(basename(file));
  if (!ok) return `${pc.red('✗')} ${name} ${where}\n  ${error?.what}\n  ${pc.cyan('→')} ${error?.cure ?? ''}`;
  const line = `${pc.green('✓')} ${name} ${where} ${pc.dim(`version ${version?.slice(0, 12)}, events ${events?.join(', ')}`)}`;
  return [line, ...warnings.map((warning) => `  ${pc.yellow('!')} ${warning}`)].join('\n');
}
