import { join } from 'node:path';
import { MeshError } from '@crm-mesh/contract';
import { loadConfig, resolveNats, type LoadedConfig, type NatsLocation } from '@crm-mesh/config';
import { findNatsServer } from '@crm-mesh/nats-server';
import { findDataDir } from '../mesh/locate-mesh.js';
import { removeRunFile, writeRunFile, type RunFile } from '../mesh/run-file.js';
import { startApp, type AppName, type AppProcess, type AppSpec } from './app-process.js';
import { checkOwnNats } from './check-own-nats.js';
import { lockDataDir, type DataDirLock } from './data-dir-lock.js';
import { keepDemoSecrets, type DemoSecrets } from './demo-secrets.js';
import { endLeftovers } from './end-leftovers.js';
import type { MeshOptions } from './mesh-options.js';
import { describeSandbox, planApps } from './plan-apps.js';
import { planPorts } from './plan-ports.js';
import { startServer, type ServerProcess } from './server-process.js';

const PORT_TRIES = 3;

/** The processes of one mesh: nats-server (unless the user has one), publisher, host and sandbox. */
export class RunningMesh {
  readonly dataDir: string;
  readonly secrets: DemoSecrets;
  config!: LoadedConfig;
  nats!: NatsLocation;
  server: ServerProcess | undefined;
  private apps: AppProcess[] = [];
  /** Settles when no process is half-way in its start. */
  private starting: Promise<unknown> = Promise.resolve();
  private readonly startedAt = new Date().toISOString();
  private readonly wanted = new AbortController();

  private constructor(
    private readonly options: MeshOptions,
    private readonly lock: DataDirLock,
    dataDir: string,
  ) {
    this.dataDir = dataDir;
    this.secrets = keepDemoSecrets(dataDir);
  }

  /** Throws MESH_ALREADY_RUNNING, MESH_CONFIG_INVALID, MESH_NATS_*, MESH_APP_FAILED; then nothing is left running. */
  static async start(options: MeshOptions, onCreated?: (mesh: RunningMesh) => void): Promise<RunningMesh> {
    const dataDir = findDataDir(options);
    const lock = lockDataDir(dataDir);
    let mesh: RunningMesh | undefined;
    try {
      mesh = new RunningMesh(options, lock, dataDir);
      onCreated?.(mesh);
      await mesh.startAll();
      return mesh;
    } catch (error) {
      if (mesh) await mesh.stop();
      else lock.release();
      throw error;
    }
  }

  get urls(): Partial<Record<AppName, string>> {
    return Object.fromEntries(this.apps.map((app) => [app.name, app.url]));
  }

  /** Sandbox, publisher, host (each drains), then nats-server. */
  async stop(): Promise<void> {
    this.wanted.abort();
    await this.starting;
    const order: AppName[] = ['sandbox', 'publisher', 'host'];
    for (const name of order) await this.apps.find((app) => app.name === name)?.stop();
    await this.server?.stop();
    this.leave();
  }

  /** Without draining: what is in hand is delivered again at the next start. */
  kill(): void {
    this.wanted.abort();
    for (const app of this.apps) app.kill();
    this.server?.kill();
    this.leave();
  }

  private leave(): void {
    removeRunFile(this.dataDir);
    this.lock.release();
  }

  private async startAll(): Promise<void> {
    const { hooks } = this.options;
    await endLeftovers(this.dataDir, hooks.onProgress);
    // Before anything is started: a wrong mesh.yaml is told with its lines. The sandbox's port does not matter for that.
    this.config = this.load(this.options.ports.sandbox);
    this.nats = await this.provideNats();
    for (let tries = 1; ; tries += 1) {
      try {
        await this.startApps();
        return;
      } catch (error) {
        await this.stopApps();
        if (this.wanted.signal.aborted || tries === PORT_TRIES || !isPortTaken(error)) throw error;
        hooks.onProgress('a port was taken in the meantime; trying others');
      }
    }
  }

  private load(sandboxPort: number): LoadedConfig {
    const { env, cwd } = this.options;
    return loadConfig({
      cwd,
      env: { ...env, ...describeSandbox(this.secrets, sandboxPort), MESH_DATA_DIR: this.dataDir },
    });
  }

  /** The user's own server, or one of ours. */
  private async provideNats(): Promise<NatsLocation> {
    const { env, cacheDir, hooks, ports } = this.options;
    const own = resolveNats(this.config, env);
    if (own.url || own.context) {
      hooks.onProgress(`connecting to your NATS server (${own.context ? `context ${own.context}` : 'by its address'})`);
      await checkOwnNats(own, this.wanted.signal);
      return own;
    }
    const found = await findNatsServer({ cacheDir, env, onProgress: hooks.onProgress });
    if (found.kind === 'external') return { url: found.url };
    this.assertWanted();
    hooks.onProgress(`starting nats-server ${found.version}`);
    const server = startServer(
      { binary: found.path, storeDir: join(this.dataDir, 'nats'), port: ports.nats },
      {
        onReady: () => this.writeRun(),
        onRestart: (detail) => hooks.onTrouble('nats-server', detail),
      },
    ).then((started) => (this.server = started));
    this.starting = server.catch(() => undefined);
    return { url: (await server).url };
  }

  private async startApps(): Promise<void> {
    const { env, cwd, play, eventsPerMinute } = this.options;
    const ports = await planPorts(this.options.ports);
    this.config = this.load(ports.sandbox);
    const natsUrl = this.server?.url;
    const specs = planApps({
      config: this.config,
      ports,
      secrets: this.secrets,
      natsUrl,
      play,
      eventsPerMinute,
      cwd,
      env,
    });
    await this.startTogether(specs);
  }

  /** When one fails, those that are still starting are ended too. */
  private async startTogether(specs: readonly AppSpec[]): Promise<void> {
    this.assertWanted();
    const failed = new AbortController();
    const signal = AbortSignal.any([this.wanted.signal, failed.signal]);
    const started = new Map<AppName, Promise<void>>();
    for (const spec of specs) {
      const before = spec.after && started.get(spec.after);
      started.set(spec.name, before ? before.then(() => this.startOne(spec, signal)) : this.startOne(spec, signal));
    }
    this.starting = Promise.allSettled(started.values());
    try {
      await Promise.all(started.values());
    } catch (error) {
      failed.abort();
      await this.starting;
      throw error;
    }
  }

  private async startOne(spec: AppSpec, signal: AbortSignal): Promise<void> {
    this.assertWanted();
    const { hooks } = this.options;
    hooks.onProgress(`starting the ${spec.name}`);
    const app = await startApp(spec, {
      onLine: hooks.onLine,
      onRestart: hooks.onTrouble,
      onReady: () => this.writeRun(),
      signal,
    });
    this.apps.push(app);
    this.assertWanted();
    this.writeRun();
  }

  /** Ctrl-C may come at any step of the start. */
  private assertWanted(): void {
    if (this.wanted.signal.aborted)
      throw new MeshError('MESH_APP_FAILED', 'The mesh was stopped while it was starting.');
  }

  private async stopApps(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.stop()));
    this.apps = [];
  }

  private writeRun(): void {
    if (this.wanted.signal.aborted) return;
    const pids: RunFile['pids'] = {};
    for (const app of this.apps) if (app.pid !== undefined) pids[app.name] = app.pid;
    if (this.server) pids['nats-server'] = this.server.pid;
    const { startedAt, urls } = this;
    writeRunFile(this.dataDir, { pid: process.pid, startedAt, nats: this.nats ?? {}, urls, pids });
  }
}

/** Two meshes that start at once may choose the same port. */
function isPortTaken(error: unknown): boolean {
  return error instanceof MeshError && error.what.includes('EADDRINUSE');
}
