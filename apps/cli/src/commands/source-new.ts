import { join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import pc from 'picocolors';
import { MeshError } from '@crm-mesh/contract';
import { SHIPPED_SOURCES } from '@crm-mesh/sources';
import type { CliContext } from '../cli-context.js';
import { runCommand } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { loadMeshConfig } from '../mesh/load-mesh-config.js';
import { buildSourceSpecTemplate, buildSourceTemplate } from './source-template.js';
import { checkNewName, writeNewFiles } from './write-new.js';

export function addSourceNew(source: Command): void {
  const command = source
    .command('new')
    .description('Writes a small source and its test, for a CRM that the mesh does not know yet.')
    .argument('<name>', 'lower-case letters, digits and dashes, at most 32')
    .option('--folder <folder>', 'default: the first plugin folder of mesh.yaml');
  runCommand<{ folder?: string }, [string]>(command, writeSource);
}

async function writeSource(context: CliContext, options: { folder?: string }, name: string): Promise<ExitCode> {
  checkNewName(name, 'source', 'connections of mesh.yaml name it');
  if (SHIPPED_SOURCES.has(name))
    throw new MeshError('MESH_USAGE', `The source "${name}" comes with the mesh.`, { cure: 'Choose another name.' });
  const folder = resolve(context.cwd, options.folder ?? loadMeshConfig(context).pluginFolders[0] ?? 'plugins');
  const files = {
    [join(folder, `${name}.source.ts`)]: buildSourceTemplate(name),
    [join(folder, `${name}.source.spec.ts`)]: buildSourceSpecTemplate(name),
  };
  writeNewFiles(files);
  const shown = Object.keys(files).map((file) => relative(context.cwd, file));
  context.terminal.printJson({ name, files: Object.keys(files) });
  context.terminal.print(shown.map((file) => `${pc.green('✓')} ${file}`).join('\n'));
  context.terminal.print(pc.dim(`Check it: mesh source check ${shown[0]} · test it: npx vitest run ${shown[1]}`));
  return EXIT.ok;
}
