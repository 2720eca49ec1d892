import { hostname } from 'node:os';
import 'reflect-metadata';
import { listStreamLimits, type LoadedConfig } from '@crm-mesh/config';
import { DELIVERY_MIGRATIONS } from '@crm-mesh/delivery';
import { connectNats, ensureStreams, type Lease, type Nats, type NatsOptions } from '@crm-mesh/jetstream';
import { Ledger, LEDGER_MIGRATIONS } from '@crm-mesh/ledger';
import type { Source } from '@crm-mesh/sdk';
import { SHIPPED_SOURCES } from '@crm-mesh/sources';
import { openStore, type Store } from '@crm-mesh/store';
import { createLogger, createMetrics, type Logger, type Metrics } from '@crm-mesh/telemetry';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Connections } from './connections/connections.js';
import { openConnections } from './connections/open-connections.js';
import { createHttpApp } from './http-app.js';
import { NORMALISER, Normaliser } from './normaliser/normaliser.js';
import { RawTrimmer } from './trim/raw-trimmer.js';
import { WebhookCounts } from './webhooks/webhook-counts.js';

export interface PublisherOptions {
  config: LoadedConfig;
  nats: Pick<NatsOptions, 'url' | 'context' | 'credsFile'>;
  /** Default 127.0.0.1. */
  host?: string;
  /** Default 0: a free one. */
  port?: number;
  log?: Logger;
  /** Default: the shipped ones. */
  sources?: readonly Source[];
  /** Epoch milliseconds. */
  now?(): number;
}

export interface RunningPublisher {
  url: string;
  /** Takes nothing more in, ends what is in hand, commits, and closes. */
  stop(): Promise<void>;
}

const VERSION = '0.1.0';
const HOLDER = `${hostname()}:${process.pid}`;

/** The parts, from the outside in: they are stopped in this order. */
interface Parts {
  app: NestFastifyApplication;
  normaliser: Normaliser;
  trimmer: RawTrimmer;
  ledger: Ledger;
  nats: Nats;
  store: Store;
}

export async function startPublisher(options: PublisherOptions): Promise<RunningPublisher> {
  const log = options.log ?? createLogger({ app: 'publisher' });
  const now = options.now ?? Date.now;
  const opened: Partial<Parts> = {};
  try {
    let url = '';
    const publicUrl = (): string => (options.config.http.publicUrl ?? url).replace(/\/+$/, '');
    const sources = options.sources ?? [...SHIPPED_SOURCES.values()];
    const connections = await openConnections({ configured: options.config.connections, sources, publicUrl, log, now });
    const context = { options, log, now, metrics: createMetrics({ app: 'publisher' }), connections, url: () => url };
    const parts = await openParts(opened, context);
    await parts.app.startAllMicroservices();
    await parts.app.listen(options.port ?? 0, options.host ?? '127.0.0.1');
    url = (await parts.app.getUrl()).replace('[::1]', '127.0.0.1');
    parts.normaliser.start();
    parts.trimmer.start();
    log.info({ url, nats: parts.nats.serverUrl, connections: connections.all.length }, 'ready');
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
  url(): string;
}

async function openParts(opened: Partial<Parts>, context: Context): Promise<Parts> {
  const { options, log } = context;
  const { config } = options;
  const store = (opened.store = await openStore({
    url: config.store.publisher,
    migrations: [...DELIVERY_MIGRATIONS, ...LEDGER_MIGRATIONS],
  }));
  const nats = (opened.nats = await connectNats({ name: 'crm-mesh publisher', ...options.nats, log }));
  await ensureStreams(nats, listStreamLimits(config));
  const ledger = (opened.ledger = await Ledger.open({ nats, store, log }));
  const normaliser = (opened.normaliser = createNormaliser({ nats, store, ledger }, context));
  const trimmer = (opened.trimmer = createTrimmer(nats, normaliser, context));
  const app = (opened.app = await createApp({ nats, ledger, normaliser }, context));
  return { store, nats, ledger, normaliser, trimmer, app };
}

function createNormaliser(parts: Pick<Parts, 'nats' | 'store' | 'ledger'>, context: Context): Normaliser {
  const { log, metrics, connections, now } = context;
  const acquireLease = (signal: AbortSignal): Promise<Lease> =>
    parts.nats.acquireLease(NORMALISER, { holder: HOLDER, signal });
  return new Normaliser({ ...parts, connections, log, metrics, version: VERSION, acquireLease, now });
}

function createTrimmer(nats: Nats, normaliser: Normaliser, { log, now }: Context): RawTrimmer {
  return new RawTrimmer({ nats, log, now, readSettled: () => normaliser.readSettled() });
}

function createApp(
  parts: Pick<Parts, 'nats' | 'ledger' | 'normaliser'>,
  context: Context,
): Promise<NestFastifyApplication> {
  const { nats } = parts;
  const { options, log, metrics, connections, now, url } = context;
  const { http } = options.config;
  const whetherNatsIsThere = (): string | undefined => (nats.connected ? undefined : 'NATS is not connected');
  return createHttpApp({
    parts: {
      webhooks: { connections, nats, log, counts: new WebhookCounts(metrics), now },
      control: { ledger: parts.ledger, normaliser: parts.normaliser, connections, version: VERSION, url },
      operation: { app: 'publisher', readiness: [whetherNatsIsThere], metrics },
    },
    door: { maxBodyBytes: http.maxBodyBytes, perConnectionPerSecond: http.rateLimit.perConnectionPerSecond },
    nats,
    log,
    version: VERSION,
  });
}

/** Nothing more in, then what is in hand, then what it is kept in. */
async function stopParts({ app, normaliser, trimmer, ledger, nats, store }: Partial<Parts>): Promise<void> {
  await app?.close();
  await trimmer?.stop();
  await normaliser?.stop();
  await ledger?.close();
  await nats?.close();
  await store?.close();
}
