import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { checkClass } from './class-problems.js';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { MeshConfig } from './mesh-config.js';
import { rememberPluginProblems } from './plugin-settings.js';
import { resolveReferences, type Resolution, type SecretReference } from './references.js';
import { rememberOrigin } from './value-origin.js';
import { formatPath, parseYaml, type Path, type YamlSource } from './yaml-source.js';

export interface LoadOptions {
  /** Default: MESH_CONFIG, else `mesh.yaml` in `cwd` (which may be absent: then all is default). */
  file?: string;
  env: NodeJS.ProcessEnv;
  cwd: string;
  /**
   * Whose secrets this app needs: those of other sections may be missing here, and stay unresolved. Default: both.
   * A plugin whose secret is missing never keeps the file from loading: `readPluginSettings` says it.
   */
  sections?: readonly ('connections' | 'plugins')[];
}

/** mesh.yaml, checked, with every default and absolute paths. */
export interface LoadedConfig extends MeshConfig {
  /** Absolute; undefined when there is no mesh.yaml. */
  file: string | undefined;
  /** Absolute: MESH_DATA_DIR, else `.mesh` beside the file. */
  dataDir: string;
  /** Which key takes its value from which variable or file. */
  references: SecretReference[];
}

/** Throws a {@link ConfigError} that tells everything that is wrong, with file, line, path and cure. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const file = findFile(options);
  const folder = file === undefined ? options.cwd : dirname(file);
  const source = file === undefined ? emptySource() : parseYaml(readText(file), file);
  const resolved = resolveReferences(dropEmpty(source.data), { env: options.env, folder });
  const { instance, problems } = checkClass(MeshConfig, resolved.data);
  const found = [...problems, ...collectFatal(resolved, options), ...findDoubles(instance)];
  if (found.length > 0) throw new ConfigError(sortByLine(found.map((problem) => locate(problem, source))));
  const dataDir = resolve(options.cwd, options.env['MESH_DATA_DIR'] || resolve(folder, '.mesh'));
  const config = Object.assign(completePaths(instance, folder, dataDir), {
    file,
    dataDir,
    references: resolved.references,
  });
  rememberOrigins(config, source, resolved);
  return config;
}

function findFile({ file, env, cwd }: LoadOptions): string | undefined {
  const named = file ?? (env['MESH_CONFIG'] || undefined);
  if (named !== undefined) return resolve(cwd, named);
  const usual = resolve(cwd, 'mesh.yaml');
  return existsSync(usual) ? usual : undefined;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const message = `cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`;
    throw new ConfigError([{ file, path: '', message, cure: 'Name an existing file with --config or MESH_CONFIG.' }], {
      cause: error,
    });
  }
}

function emptySource(): YamlSource {
  return { file: 'mesh.yaml', data: {}, lineOf: () => undefined };
}

/** `http:` with nothing behind it means the default. */
function dropEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropEmpty);
  if (typeof value !== 'object' || value === null) return value;
  const filled = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(filled.map(([key, item]) => [key, dropEmpty(item)]));
}

interface Found {
  segments: Path;
  message: string;
  cure: string;
}

/** A missing secret of a plugin stops that plugin alone; one of a section that this app does not use stops nobody. */
function collectFatal(resolved: Resolution, { sections = ['connections', 'plugins'] }: LoadOptions): Found[] {
  return resolved.problems.filter(({ segments: [section] }) => {
    if (section === 'plugins') return false;
    return section !== 'connections' || sections.includes('connections');
  });
}

function findDoubles({ connections, plugins }: MeshConfig): Found[] {
  const seen = new Set<string>();
  const doubles: Found[] = [];
  const list = Array.isArray(connections) ? connections : [];
  for (const [index, connection] of list.entries()) {
    const name = `${connection.tenant}/${connection.name ?? connection.source}`;
    const cure = 'Give each connection of a tenant a `name` of its own.';
    if (seen.has(name))
      doubles.push({ segments: ['connections', index], message: `is the second connection called ${name}`, cure });
    seen.add(name);
  }
  for (const [name, settings] of Object.entries(plugins ?? {})) {
    if (typeof settings === 'object' && !Array.isArray(settings)) continue;
    doubles.push({
      segments: ['plugins', name],
      message: 'must be a map of keys and values',
      cure: 'Write `key: value` lines below it.',
    });
  }
  return doubles;
}

function locate({ segments, message, cure }: Found, { file, lineOf }: YamlSource): ConfigProblem {
  return { file, line: lineOf(segments), path: formatPath(segments), message, cure };
}

function sortByLine(problems: ConfigProblem[]): ConfigProblem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

function completePaths(config: MeshConfig, folder: string, dataDir: string): MeshConfig {
  const { store, nats } = config;
  store.publisher = completeStore(store.publisher ?? `sqlite:${resolve(dataDir, 'publisher.db')}`, folder);
  store.host = completeStore(store.host ?? `sqlite:${resolve(dataDir, 'host.db')}`, folder);
  if (nats.creds !== undefined) nats.creds = resolve(folder, nats.creds);
  config.pluginFolders = config.pluginFolders.map((path) => resolve(folder, path));
  for (const connection of config.connections) {
    connection.name ??= connection.source;
    const { mapping } = connection;
    if (typeof mapping?.file === 'string') mapping.file = resolve(folder, mapping.file);
  }
  return config;
}

function completeStore(address: string, folder: string): string {
  const [, path] = /^sqlite:(.*)$/.exec(address) ?? [];
  return path === undefined || path === ':memory:' || isAbsolute(path) ? address : `sqlite:${resolve(folder, path)}`;
}

function rememberOrigins(config: LoadedConfig, source: YamlSource, resolved: Resolution): void {
  for (const [index, connection] of config.connections.entries()) {
    rememberOrigin(connection.config, { source, path: ['connections', index, 'config'] });
  }
  for (const [name, settings] of Object.entries(config.plugins)) {
    rememberOrigin(settings, { source, path: ['plugins', name] });
    const own = resolved.problems.filter(({ segments }) => segments[0] === 'plugins' && segments[1] === name);
    rememberPluginProblems(
      settings,
      own.map((problem) => locate(problem, source)),
    );
  }
}
