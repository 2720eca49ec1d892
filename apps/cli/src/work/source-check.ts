import { basename } from 'node:path';
import pc from 'picocolors';
import { validateConfig, type LoadedConfig } from '@crm-mesh/config';
import { findDropIns, refuseDuplicate, type DropIn } from '@crm-mesh/drop-ins';
import type { Source } from '@crm-mesh/sdk';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { loadOwnSource } from '../mesh/find-source.js';
import { loadMeshConfig } from '../mesh/load-mesh-config.js';
import { describeError, type DescribedError } from '../output/describe-error.js';
import { findNamed } from './find-named.js';

/** What the publisher would say of a source. */
export interface OwnSourceCheck {
  file: string;
  name: string;
  ok: boolean;
  version?: string;
  /** What it can do: `webhooks`, `fetch`, `poll` … */
  parts?: string[];
  /** Those of mesh.yaml that use it: `acme/close`. */
  connections?: string[];
  error?: DescribedError;
}

export async function checkSources(context: CliContext, _options: object, files: string[] = []): Promise<ExitCode> {
  const config = loadMeshConfig(context);
  const named = files.length > 0 ? await findNamed(context.cwd, files, 'source') : undefined;
  const results = await checkOwnSources(config, named);
  context.terminal.printJson({ sources: results });
  context.terminal.print(results.map(renderResult).join('\n') || 'There are no sources in the plugin folders.');
  return results.every(({ ok }) => ok) ? EXIT.ok : EXIT.problem;
}

/** Those given, or every source of the plugin folders. */
export async function checkOwnSources(config: LoadedConfig, named?: readonly DropIn[]): Promise<OwnSourceCheck[]> {
  const lying = await findDropIns(config.pluginFolders, 'source');
  const checkOne = (dropIn: DropIn): Promise<OwnSourceCheck> => {
    const owner = lying.find(({ name }) => name === dropIn.name);
    return checkSource(dropIn, config, owner);
  };
  return Promise.all((named ?? lying).map(checkOne));
}

async function checkSource(dropIn: DropIn, config: LoadedConfig, owner: DropIn | undefined): Promise<OwnSourceCheck> {
  const base = { file: dropIn.file, name: dropIn.name };
  const loaded = await loadOwnSource(dropIn, config);
  if (!loaded.ok) return { ...base, ok: false, error: describeError(loaded.error) };
  // A file from elsewhere may be about to take the place of the one that lies there.
  const isSecond =
    owner !== undefined &&
    owner.file !== dropIn.file &&
    config.pluginFolders.some((folder) => dropIn.file.startsWith(folder));
  if (isSecond) return { ...base, ok: false, error: describeError(refuseDuplicate(dropIn, owner)) };
  const { source, version } = loaded;
  const found = { ...base, version, parts: listParts(source) };
  try {
    return { ...found, ok: true, connections: await checkConnections(source, config) };
  } catch (error) {
    return { ...found, ok: false, error: describeError(error) };
  }
}

async function checkConnections(source: Source, { connections }: LoadedConfig): Promise<string[]> {
  const names: string[] = [];
  for (const [index, connection] of connections.entries()) {
    if (connection.source !== source.name) continue;
    await validateConfig(source.config, connection.config, `connections[${index}].config`);
    names.push(`${connection.tenant}/${connection.name}`);
  }
  return names;
}

function listParts(source: Source): string[] {
  const parts = ['fetch', 'poll', 'scan', 'subscribe', 'write', 'describe'] as const;
  return [...(source.verify ? ['webhooks'] : []), ...parts.filter((part) => source[part] !== undefined)];
}

function renderResult({ ok, name, file, version, parts, connections = [], error }: OwnSourceCheck): string {
  const where = pc.dim(basename(file));
  if (!ok) return `${pc.red('✗')} ${name} ${where}\n  ${error?.what}\n  ${pc.cyan('→')} ${error?.cure ?? ''}`;
  const used = connections.length === 0 ? 'no connection in mesh.yaml' : connections.join(', ');
  return `${pc.green('✓')} ${name} ${where} ${pc.dim(`version ${version}, ${parts?.join(', ')}; ${used}`)}`;
}
