import type { NatsLocation } from '@crm-mesh/config';
import { MeshError } from '@crm-mesh/contract';
import { resolve } from 'node:path';
import type { CliContext } from '../cli-context.js';
import { isAlive } from './processes.js';
import { readRunFile, type RunFile } from './run-file.js';

export interface MeshLocation extends NatsLocation {
  /** Why this one, for error messages. */
  via: '--server' | '--context' | 'NATS_URL' | 'NATS_CONTEXT' | 'run.json' | 'mesh.yaml' | 'default';
}

export interface LocationInput {
  options: { server?: string; context?: string; creds?: string };
  env: NodeJS.ProcessEnv;
  /** Of a mesh that runs in the data folder. */
  run?: Pick<RunFile, 'nats'>;
  /** What mesh.yaml says. */
  configured?: NatsLocation;
}

/**
 * What is said most closely wins: option, environment, the mesh in this data folder, mesh.yaml, the usual address. Throws
 * MESH_NOT_RUNNING rather than taking the last for a data folder that somebody named: it may be another mesh's.
 */
export function chooseLocation(input: LocationInput): MeshLocation {
  const { env, configured } = input;
  const said = chooseSaid(input);
  if (said) return said;
  const creds = readCreds(input);
  if (configured?.url || configured?.context) return { ...configured, ...creds, via: 'mesh.yaml' };
  if (env['MESH_DATA_DIR']) throw new MeshError('MESH_NOT_RUNNING', `No mesh runs in ${env['MESH_DATA_DIR']}.`);
  return { url: 'nats://127.0.0.1:4222', ...creds, via: 'default' };
}

/** Nearer than mesh.yaml, which is then not read. */
function chooseSaid(input: LocationInput): MeshLocation | undefined {
  const { options, env, run } = input;
  const creds = readCreds(input);
  if (options.server) return { url: options.server, ...creds, via: '--server' };
  if (options.context) return { context: options.context, ...creds, via: '--context' };
  if (env['NATS_URL']) return { url: env['NATS_URL'], ...creds, via: 'NATS_URL' };
  if (env['NATS_CONTEXT']) return { context: env['NATS_CONTEXT'], ...creds, via: 'NATS_CONTEXT' };
  if (run) return { ...run.nats, ...creds, via: 'run.json' };
  return undefined;
}

function readCreds({ options, env }: LocationInput): { credsFile?: string } {
  const credsFile = options.creds ?? (env['NATS_CREDS'] || undefined);
  return credsFile === undefined ? {} : { credsFile };
}

/** Reads run.json and, where that says nothing, mesh.yaml; a mesh.yaml that is wrong does not keep anybody from looking at a running mesh. */
export async function locateMesh(context: CliContext): Promise<MeshLocation> {
  const { options, env } = context;
  const run = readRunFile(findDataDir(context));
  const input = { options, env, run: run && isAlive(run.pid) ? run : undefined };
  return chooseSaid(input) ?? chooseLocation({ ...input, configured: await readConfigured(context) });
}

/** MESH_DATA_DIR or --data-dir, else `.mesh` beside mesh.yaml. */
export function findDataDir({ env, cwd }: Pick<CliContext, 'env' | 'cwd'>): string {
  if (env['MESH_DATA_DIR']) return resolve(cwd, env['MESH_DATA_DIR']);
  return resolve(cwd, env['MESH_CONFIG'] ? resolve(cwd, env['MESH_CONFIG'], '..') : '.', '.mesh');
}

async function readConfigured({ env, cwd }: CliContext): Promise<NatsLocation | undefined> {
  const { loadConfig, resolveNats } = await import('@crm-mesh/config');
  try {
    return resolveNats(loadConfig({ env, cwd, sections: [] }), {});
  } catch {
    return undefined;
  }
}
