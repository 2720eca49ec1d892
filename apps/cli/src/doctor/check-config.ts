import {
  ConfigError,
  findOpenDoor,
  validateConfig,
  type ConfigProblem,
  type ConnectionConfig,
  type LoadedConfig,
} from '@crm-mesh/config';
import { findDropIns } from '@crm-mesh/drop-ins';
import type { Source } from '@crm-mesh/sdk';
import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import { checkDropIn } from '../work/check-drop-in.js';
import type { CliContext } from '../cli-context.js';
import { checkOwnSources } from '../work/source-check.js';
import { findSource } from '../mesh/find-source.js';
import { loadMeshConfig } from '../mesh/load-mesh-config.js';
import { describeError } from '../output/describe-error.js';
import { failed, note, ok, type Check, type CheckResult } from './check.js';
import { findExisting } from './check-machine.js';

/** mesh.yaml and all that hangs on it; when it is wrong, the rest cannot be looked at. */
export const checkConfig: Check = {
  name: 'mesh.yaml',
  run: async (context) => {
    const loaded = load(context);
    if (Array.isArray(loaded)) return loaded;
    const file =
      loaded.file === undefined
        ? note('mesh.yaml', 'there is none: everything is default')
        : ok('mesh.yaml', loaded.file);
    const parts = await Promise.all([
      checkConnections(loaded),
      checkSources(loaded),
      checkPlugins(loaded),
      checkStores(loaded),
    ]);
    return [file, ...parts.flat()];
  },
};

function load(context: CliContext): LoadedConfig | CheckResult[] {
  try {
    return loadMeshConfig(context);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => describeProblem('mesh.yaml', problem));
  }
}

function describeProblem(name: string, { file, line, path, message, cure }: ConfigProblem): CheckResult {
  const where = [file, line].filter((part) => part !== undefined).join(':');
  const hint =
    message.includes('MESH_SANDBOX_') || message.includes('MESH_DEMO_') ? ' (`mesh up` sets it for the demo.)' : '';
  return failed(name, `${where} ${path} ${message}`.trim(), `${cure}${hint}`);
}

async function checkConnections(config: LoadedConfig): Promise<CheckResult[]> {
  const { connections } = config;
  if (connections.length === 0) return [note('connections', 'none in mesh.yaml yet')];
  return (await Promise.all(connections.map((connection, index) => checkConnection(connection, index, config)))).flat();
}

async function checkConnection(
  connection: ConnectionConfig,
  index: number,
  config: LoadedConfig,
): Promise<CheckResult[]> {
  const name = `connection ${connection.tenant}/${connection.name}`;
  let source: Source;
  try {
    source = await findSource(connection.source, config);
  } catch (error) {
    const { what, cure = '' } = describeError(error);
    return [failed(name, what, cure)];
  }
  try {
    await validateConfig(source.config, connection.config, `connections[${index}].config`);
    const found = ok(name, `${connection.source}; its settings and secrets are there`);
    return [found, ...listDoors(source, connection, `connections[${index}]`)];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => describeProblem(name, problem));
  }
}

/** Webhooks that anybody could send: the publisher refuses to start with some of them, and takes the others. */
function listDoors(source: Source, connection: ConnectionConfig, path: string): CheckResult[] {
  const door = findOpenDoor(source, connection, path);
  if (!door) return [];
  const name = `webhooks of ${connection.tenant}/${connection.name}`;
  return [{ name, state: door.isWide ? 'failed' : 'note', detail: `${door.path} ${door.message}`, cure: door.cure }];
}

/** Those of the plugin folders; what is wrong with their connections is told with these. */
async function checkSources(config: LoadedConfig): Promise<CheckResult[]> {
  const checked = await checkOwnSources({ ...config, connections: [] });
  return checked.map(({ ok: good, name, parts, error }) =>
    good
      ? ok(`source ${name}`, (parts ?? []).join(', '))
      : failed(`source ${name}`, error?.what ?? '', error?.cure ?? ''),
  );
}

async function checkPlugins(config: LoadedConfig): Promise<CheckResult[]> {
  const dropIns = await findDropIns(config.pluginFolders);
  if (dropIns.length === 0) return [note('plugins', `none in ${config.pluginFolders.join(', ')}`)];
  const checked = await Promise.all(dropIns.map((dropIn) => checkDropIn(dropIn, config)));
  return checked.map(({ ok: good, name, error, events }) =>
    good
      ? ok(`plugin ${name}`, (events ?? []).join(', '))
      : failed(`plugin ${name}`, error?.what ?? '', error?.cure ?? ''),
  );
}

function checkStores({ store }: LoadedConfig): Promise<CheckResult[]> {
  return Promise.all(Object.entries(store).map(([app, address]) => checkStore(`store of the ${app}`, String(address))));
}

async function checkStore(name: string, address: string): Promise<CheckResult> {
  if (address.startsWith('sqlite:')) return checkSqlite(name, address.slice('sqlite:'.length));
  // Loaded here alone: the drivers take a quarter of the time in which any other command starts.
  const { openStore } = await import('@crm-mesh/store');
  try {
    const store = await openStore({ url: address, migrations: [] });
    await store.read('SELECT 1');
    await store.close();
    return ok(name, 'PostgreSQL answers');
  } catch (error) {
    const { what, cure = '' } = describeError(error);
    return failed(name, what, cure);
  }
}

/** Not opened: it is the running app's. */
function checkSqlite(name: string, file: string): CheckResult {
  const existing = findExisting(file);
  try {
    accessSync(existing, constants.W_OK);
    return ok(name, existing === file ? file : `${file} will be made`);
  } catch {
    return failed(name, `${existing} is not writable`, `Give this user the right to write ${dirname(file)}.`);
  }
}
