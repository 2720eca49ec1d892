import 'reflect-metadata';
import { hostname } from 'node:os';
import { createRequire } from 'node:module';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { listStreamLimits, loadConfig, resolveNats, type LoadedConfig } from '@crm-mesh/config';
import type { PluginStatus } from '@crm-mesh/control';
import { DELIVERY_MIGRATIONS, Quarantine } from '@crm-mesh/delivery';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { connectControl, JetStreamStrategy } from '@crm-mesh/jetstream/nest';
import { LeaseShare, logOutcome } from '@crm-mesh/plugin-consumer';
import { openStore, type Store } from '@crm-mesh/store';
import { createLogger, createMetrics, NestLogger, type Logger } from '@crm-mesh/telemetry';
import { HostModule } from './host.module.js';
import { PluginHost } from './plugins/plugin-host.js';
import { refuseCompany } from './refuse-company.js';

export interface StartHostOptions {
  /** Default: the process's own. See docs/configuration.md for the variables. */
  env?: NodeJS.ProcessEnv;
  /** Default: the process's own. */
  cwd?: string;
  log?: Logger;
}

export interface RunningHost {
  /** Health and metrics. */
  readonly url: string;
  plugins(): PluginStatus[];
  /**
   * Running handlers end (at most `graceMs`, default 10 s), the rest goes back; then all is closed. `cleanly` is false
   * after an exception that nobody caught: at the next start what was in hand is suspected of it. Default true.
   */
  stop(options?: { graceMs?: number; cleanly?: boolean }): Promise<void>;
}

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** Starts the host; resolves when every plugin runs or is refused. */
export async function startHost({
  env = process.env,
  cwd = process.cwd(),
  log: given,
}: StartHostOptions = {}): Promise<RunningHost> {
  const log = given ?? createLogger({ app: 'host' });
  const startedAtMs = Date.now();
  const config = loadConfig({ env, cwd, sections: ['plugins'] });
  const { maxClaimBytes } = config.nats;
  const nats = await connectNats({ name: 'crm-mesh host', ...resolveNats(config, env), maxClaimBytes, log });
  await ensureStreams(nats, listStreamLimits(config));
  const store = await openStore({ url: config.store.host, migrations: DELIVERY_MIGRATIONS });
  const metrics = createMetrics({ app: 'host' });
  const onSettled = logOutcome.bind(undefined, log);
  const quarantine = new Quarantine();
  const own = { host: env['MESH_HOST_NAME'] ?? `${hostname()}:${process.pid}`, store: store.dialect };
  // On SQLite nobody else can have what this host knows.
  const leases = store.dialect === 'postgres' ? new LeaseShare(nats, own.host, metrics) : undefined;
  const pluginHost = new PluginHost({
    ...{ config, env, cwd, nats, store, log, metrics, onSettled, quarantine, leases },
    retentionMs: config.inbox.retention,
  });
  const facts = { ...own, version, startedAtMs, url: () => url };
  const app = await openDoor(log, HostModule.register({ nats, pluginHost, metrics, facts }), nats);
  const url = await listen(app, env);
  try {
    await refuseCompany(nats, own);
  } catch (error) {
    await stopAll({ pluginHost, app, nats, store, graceMs: 0 });
    throw error;
  }
  await pluginHost.start();
  log.info(
    {
      url,
      host: own.host,
      plugins: pluginHost.status().length,
      pluginFolders: config.pluginFolders,
      store: describeStore(config),
    },
    'ready',
  );
  return {
    url,
    plugins: () => pluginHost.status(),
    stop: ({ graceMs, cleanly = true } = {}) => {
      if (!cleanly) quarantine.endUncleanly();
      return stopAll({ pluginHost, app, nats, store, graceMs });
    },
  };
}

async function openDoor(
  log: Logger,
  module: ReturnType<typeof HostModule.register>,
  nats: Nats,
): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), {
    logger: new NestLogger(log),
    abortOnError: false,
  });
  connectControl(
    app,
    new JetStreamStrategy({ nats, app: 'host', version, description: 'Runs the plugins of the mesh' }),
  );
  return app;
}

async function listen(app: NestFastifyApplication, env: NodeJS.ProcessEnv): Promise<string> {
  await app.startAllMicroservices();
  await app.listen(Number(env['PORT'] ?? 0), env['HOST'] ?? '127.0.0.1');
  return (await app.getUrl()).replace('[::1]', '127.0.0.1');
}

interface Parts {
  pluginHost: PluginHost;
  app: NestFastifyApplication;
  nats: Nats;
  store: Store;
  graceMs: number | undefined;
}

async function stopAll({ pluginHost, app, nats, store, graceMs }: Parts): Promise<void> {
  await pluginHost.stop(graceMs);
  await app.close();
  await nats.close();
  await store.close();
}

/** Without what may be a password. */
function describeStore({ store }: LoadedConfig): string {
  return store.host.startsWith('sqlite:') ? store.host : 'postgres';
}
