import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MeshError } from '@crm-mesh/contract';
import { findFreePort } from './free-port.js';
import { buildArguments, buildServerConfig, type ServerSettings } from './server-config.js';
import { readServerInfo } from './server-info.js';
import { clearServerRecord, endOrphan, writeServerRecord } from './server-record.js';

export interface StartOptions {
  /** Path of the nats-server binary, as `findNatsServer` gives it. */
  binary: string;
  /** Folder for JetStream, the generated configuration and the log; created if missing. One server at a time. */
  storeDir: string;
  /** 0 (default): a random free port. A taken one is replaced by a free one: read `port` of the result. */
  port?: number;
  /** Monitoring over HTTP on this port (0: a free one). None by default. */
  monitorPort?: number;
  /** `2m` is the server's default: an acknowledged message may be lost by a power cut. `always`: one fsync a message. */
  syncInterval?: string;
  user?: string;
  password?: string;
  /** More settings, named as in the server's configuration file, e.g. `{ max_payload: 65536 }`. */
  settings?: ServerSettings;
  /** The user's own configuration file; then only name, host, port and store are ours and the settings above are not used. */
  configFile?: string;
  extraArgs?: readonly string[];
  logFile?: string;
  /** In a process group of its own, so that Ctrl-C in the terminal does not reach it before its clients have drained. */
  detached?: boolean;
  /** A large store is read first: 10 million subjects took 13 s. */
  readyTimeoutMs?: number;
}

export interface ServerExit {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Why it never ran or was given up. */
  error?: string;
}

export interface RunningNatsServer {
  url: string;
  port: number;
  monitorPort?: number;
  pid: number;
  version: string;
  logFile: string;
  /** Settles when the process is gone, for whatever reason. */
  exited: Promise<ServerExit>;
  /** Ends it in an orderly way; by SIGKILL after 30 s. */
  stop(): Promise<void>;
  /** Sends the signal and returns at once; await `exited` for the end. */
  kill(signal?: NodeJS.Signals): void;
}

interface Attempt {
  name: string;
  port: number;
  monitorPort?: number;
  storeDir: string;
  logFile: string;
}

const STOP_TIMEOUT_MS = 30_000;
const READY_TIMEOUT_MS = 60_000;
const READY_POLL_MS = 10;
const PORT_TRIES = 5;

/** Starts one nats-server on 127.0.0.1 with JetStream on files, and returns when it takes connections. */
export async function startNatsServer(options: StartOptions): Promise<RunningNatsServer> {
  const storeDir = resolve(options.storeDir);
  mkdirSync(storeDir, { recursive: true });
  await endOrphan(storeDir);
  const logFile = resolve(options.logFile ?? join(storeDir, 'nats-server.log'));
  for (let tries = 1; ; tries += 1) {
    const port = await findFreePort(options.port);
    const monitorPort = options.monitorPort === undefined ? undefined : await findFreePort(options.monitorPort);
    const name = `crm-mesh-${randomBytes(4).toString('hex')}`;
    const server = await launch({ name, port, monitorPort, storeDir, logFile }, options);
    if (server !== 'port taken') return server;
    if (tries === PORT_TRIES) throw failStart(`found no port that stays free in ${PORT_TRIES} tries`, logFile);
  }
}

async function launch(attempt: Attempt, options: StartOptions): Promise<RunningNatsServer | 'port taken'> {
  const { port, monitorPort, logFile, storeDir } = attempt;
  const args = [...(await prepareArguments(attempt, options)), ...(options.extraArgs ?? [])];
  const log = openSync(logFile, 'a');
  const logStart = fstatSync(log).size;
  const child = spawn(options.binary, args, { stdio: ['ignore', log, log], detached: options.detached ?? false });
  closeSync(log);
  const exited = watchExit(child, storeDir);
  if (child.pid !== undefined) writeServerRecord(storeDir, { pid: child.pid, owner: process.pid, port });
  const ready = await waitUntilReady(attempt, exited, options.readyTimeoutMs ?? READY_TIMEOUT_MS);
  if (typeof ready !== 'string') {
    child.kill('SIGKILL');
    return explainFailure(attempt, ready, logStart);
  }
  const kill = (signal: NodeJS.Signals = 'SIGKILL'): void => void child.kill(signal);
  const stop = (): Promise<void> => stopServer(child, exited);
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    monitorPort,
    pid: child.pid!,
    version: ready,
    logFile,
    exited,
    stop,
    kill,
  };
}

async function prepareArguments(attempt: Attempt, options: StartOptions): Promise<string[]> {
  const { name, port, storeDir } = attempt;
  if (options.configFile !== undefined) return buildArguments(resolve(options.configFile), { name, port, storeDir });
  const { syncInterval, user, password, settings } = options;
  const config = buildServerConfig({ ...attempt, syncInterval, user, password, settings });
  const file = join(storeDir, 'nats-server.conf');
  // A file rather than options: it may hold a password, and options are seen by everyone in the process list.
  await writeFile(file, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  return ['-c', file];
}

/** Also ends the child with us, where we end without having stopped it. */
function watchExit(child: ChildProcess, storeDir: string): Promise<ServerExit> {
  const endWithUs = (): void => void child.kill('SIGTERM');
  process.once('exit', endWithUs);
  return new Promise((settle) => {
    const finish = (exit: ServerExit): void => {
      process.removeListener('exit', endWithUs);
      if (child.pid !== undefined) clearServerRecord(storeDir, child.pid);
      settle(exit);
    };
    child.once('error', (error) => finish({ code: null, signal: null, error: error.message }));
    child.once('exit', (code, signal) => finish({ code, signal }));
  });
}

/** The server's version, once the one that greets on the port carries the name that we gave to ours; or its end. */
async function waitUntilReady(
  { port, name }: Attempt,
  exited: Promise<ServerExit>,
  timeoutMs: number,
): Promise<string | ServerExit> {
  let exit: ServerExit | undefined;
  void exited.then((value) => (exit = value));
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const info = await readServerInfo(port);
    if (info?.server_name === name) return info.version;
    if (exit) return exit;
    await delay(READY_POLL_MS);
  }
  return { code: null, signal: null, error: `did not answer on port ${port} within ${timeoutMs / 1_000} s` };
}

/** Only for a taken port is another try worth while. */
async function explainFailure({ logFile }: Attempt, exit: ServerExit, logStart: number): Promise<'port taken'> {
  const log = (await readFile(logFile)).subarray(logStart).toString('utf8').trimEnd();
  if (/address already in use|Only one usage of each socket address/.test(log)) return 'port taken';
  const how = exit.error ?? `ended with ${exit.signal ?? `code ${exit.code}`} before it was ready`;
  throw failStart(`${how}: ${log.split('\n').at(-1) || 'it wrote nothing'}`, logFile);
}

function failStart(what: string, logFile: string): MeshError {
  return new MeshError('MESH_NATS_START_FAILED', `nats-server ${what} (log: ${logFile}).`);
}

async function stopServer(child: ChildProcess, exited: Promise<ServerExit>): Promise<void> {
  child.kill('SIGTERM');
  const force = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(force);
}
