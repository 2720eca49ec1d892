import 'reflect-metadata';
import { join } from 'node:path';
import type { LoadedConfig } from '@crm-mesh/config';
import { DELIVERY_MIGRATIONS } from '@crm-mesh/delivery';
import type { NatsOptions } from '@crm-mesh/jetstream';
import { LEDGER_MIGRATIONS } from '@crm-mesh/ledger';
import type { Source } from '@crm-mesh/sdk';
import { SHIPPED_SOURCES } from '@crm-mesh/sources';
import { openStore, type Store } from '@crm-mesh/store';
import { createLogger, createMetrics, type Logger, type Metrics } from '@crm-mesh/telemetry';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Connections } from './connections/connections.js';
import { REFRESH_TOKEN_MIGRATIONS } from './connections/migrations.js';
import { openConnections, replaceSource } from './connections/open-connections.js';
import { createHttpApp } from './http-app.js';
import { MeshSide } from './mesh-side.js';
import { Intake } from './outbox/intake.js';
import { OUTBOX_MIGRATIONS } from './outbox/migrations.js';
import { Outbox } from './outbox/outbox.js';
import { CURSOR_MIGRATIONS } from './polling/migrations.js';
import { CRM_LEG_MIGRATIONS } from './reconciliation/crm/migrations.js';
import { RECONCILIATION_MIGRATIONS } from './reconciliation/run/migrations.js';
import { readScheduledPairs } from './reconciliation/run/schedule.js';
import { SCHEMA_MIGRATIONS } from './schema/migrations.js';
import { DropInSources } from './sources/drop-in-sources.js';
import { WebhookCounts } from './webhooks/webhook-counts.js';

export interface PublisherOptions {
  config: LoadedConfig;
  nats: Pick<NatsOptions, 'url' | 'context' | 'credsFile'>;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: a free one. */
  port?: number;
  log?: Logger;
  /** Default: the shipped ones. Those of the plugin folders come beside them. */
  sources?: readonly Source[];
  /** Epoch milliseconds. */
  now?(): number;
  /** NATS gets this long to be there before the start counts as done without it, in milliseconds. Default 3 s. */
  joinWaitMs?: number;
  /** Only the benchmark says no, to see what the digests of ranges cost. */
  keepsRanges?: boolean;
}

export interface RunningPublisher {
  url: string;
  /** Takes nothing more in, ends what is in hand, commits, and closes. */
  stop(): Promise<void>;
}

const VERSION = '0.1.0';
const JOIN_WAIT_MS = 3_000;
const MIGRATIONS = [
  ...DELIVERY_MIGRATIONS,
  ...LEDGER_MIGRATIONS,
  ...OUTBOX_MIGRATIONS,
  ...CURSOR_MIGRATIONS,
  ...SCHEMA_MIGRATIONS,
  ...REFRESH_TOKEN_MIGRATIONS,
  ...CRM_LEG_MIGRATIONS,
  ...RECONCILIATION_MIGRATIONS,
];

/** The parts, from the outside in: they are stopped in this order. */
interface Parts {
  sources: DropInSources;
  app: NestFastifyApplication;
  connections: Connections;
  meshSide: MeshSide;
  store: Store;
}

/** Webhooks are taken as soon as the store is open: NATS may come later. */
export async function startPublisher(options: PublisherOptions): Promise<RunningPublisher> {
  const log = options.log ?? createLogger({ app: 'publisher' });
  const now = options.now ?? Date.now;
  const opened: Partial<Parts> = {};
  try {
    let url = '';
    const publicUrl = (): string => (options.config.http.publicUrl ?? url).replace(/\/+$/, '');
    const store = (opened.store = await openStore({ url: options.config.store.publisher, migrations: MIGRATIONS }));
    const connections = await openSources(opened, { options, publicUrl, log, now, store });
    opened.connections = connections;
    const metrics = createMetrics({ app: 'publisher' });
    const context = { options, log, now, metrics, connections, store, url: () => url };
    const { app, meshSide } = await openParts(opened, context);
    await app.listen(options.port ?? 0, options.host ?? '127.0.0.1');
    url = (await app.getUrl()).replace('[::1]', '127.0.0.1');
    await meshSide.start(options.joinWaitMs ?? JOIN_WAIT_MS);
    log.info({ url, joined: meshSide.isOpen, connections: connections.all.length }, 'ready');
    return { url, stop: () => stopParts(opened) };
  } catch (error) {
    await stopParts(opened);
    throw error;
  }
}

interface Context {
  options: PublisherOptions;
  log: Logger;
  now(): number;
  metrics: Metrics;
  connections: Connections;
  store: Store;
  url(): string;
}

/** The shipped sources and those of the plugin folders, and the connections by them. */
async function openSources(
  opened: Partial<Parts>,
  { options, ...context }: Pick<Context, 'options' | 'log' | 'now' | 'store'> & { publicUrl(): string },
): Promise<Connections> {
  const { connections: configured, pluginFolders: folders, dataDir } = options.config;
  const shipped = options.sources ?? [...SHIPPED_SOURCES.values()];
  const cacheFolder = join(dataDir, 'cache', 'publisher');
  const dropIns = (opened.sources = new DropInSources({
    folders,
    cacheFolder,
    shipped: new Set(shipped.map(({ name }) => name)),
    log: context.log,
  }));
  await dropIns.start();
  const given = { configured, cacheFolder, ...context };
  const connections = await openConnections({ ...given, sources: [...shipped, ...dropIns.list()] });
  dropIns.follow((source) => replaceSource(connections, source, given));
  return connections;
}

async function openParts(opened: Partial<Parts>, context: Context): Promise<Pick<Parts, 'app' | 'meshSide'>> {
  const { options, log, now, metrics, connections, store, url } = context;
  const { config } = options;
  const scheduled = readScheduledPairs(config, connections);
  const outbox = await Outbox.open(store, config.outbox);
  observeOutbox(outbox, metrics);
  const intake = new Intake({ outbox, log, now, maxPayloadBytes: config.nats.maxClaimBytes });
  const { nats, keepsRanges = true } = options;
  const meshSide = (opened.meshSide = new MeshSide({
    ...{ config, nats, store, connections, outbox, intake, scheduled, keepsRanges },
    ...{ log, metrics, version: VERSION, url, now },
  }));
  const app = (opened.app = await createApp(intake, context));
  return { meshSide, app };
}

function createApp(intake: Intake, context: Context): Promise<NestFastifyApplication> {
  const { options, log, metrics, connections, now } = context;
  const { http } = options.config;
  return createHttpApp({
    parts: {
      webhooks: { connections, intake, log, counts: new WebhookCounts(metrics), now },
      operation: {
        app: 'publisher',
        // Without NATS it is ready all the same, as long as the outbox takes webhooks.
        readiness: [() => intake.whyClosed()],
        notes: [() => intake.whyIndirect()],
        metrics,
      },
    },
    door: {
      maxBodyBytes: http.maxBodyBytes,
      perConnectionPerSecond: http.rateLimit.perConnectionPerSecond,
      trustProxy: http.trustProxy,
    },
    log,
  });
}

function observeOutbox(outbox: Outbox, metrics: Metrics): void {
  const what = 'Notifications in the outbox, answered 2xx and not yet in CRM_RAW';
  metrics.observe('mesh_outbox_messages', what, () => outbox.fill.messages);
  metrics.observe('mesh_outbox_bytes', 'Size of the outbox', () => outbox.fill.bytes);
}

async function stopParts({ sources, app, connections, meshSide, store }: Partial<Parts>): Promise<void> {
  await sources?.stop();
  await app?.close();
  connections?.close();
  await meshSide?.stop();
  await store?.close();
}
