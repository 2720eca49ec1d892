import { join, relative, resolve } from 'node:path';
import pc from 'picocolors';
import { MeshError } from '@crm-mesh/contract';
import { SHIPPED_SOURCES } from '@crm-mesh/sources';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { loadMeshConfig } from '../mesh/load-mesh-config.js';
import { buildSourceSpecTemplate, buildSourceTemplate } from './source-template.js';
import { checkNewName, writeNewFiles } from './write-new.js';

export async function writeSource(context: CliContext, options: { folder?: string }, name: string): Promise<ExitCode> {
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
