import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AckPolicy, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, nanos, type NatsConnection } from '@nats-io/transport-node';
import { expect, vi } from 'vitest';
import { connectNats, ensureStreams } from '@crm-mesh/jetstream';
import { makeTempDir, startTcpProxy, startTestNats, type TcpProxy, type TestNats } from '@crm-mesh/testing';
import type { Effect } from '../check/evidence.js';
import type { Plant } from '../plant/index.js';
import { AppProcess } from './app-process.js';
import { Crm } from './crm.js';
import { PLUGIN, writeFaultPlugin } from './fault-plugin.js';
import { Sender } from './sender.js';
import { SIGNING_KEY, TOKEN } from './statement.js';
import { countWaiting } from './store-files.js';

/** Shorter than the mesh's own, so that barriers open sooner; an operator's setting is obeyed. */
const ACK_WAIT_MS = 2_000;
/** Lanes of more than six waiting events are parked at their first failure: a quarter of it. */
const MAX_ACK_PENDING = 24;
const DRAIN_TIMEOUT_MS = 60_000;

export interface FaultMeshOptions {
  /** Planted into every life of the app. */
  bugs?: string[];
  /** The apps reach NATS through proxies that can be broken. */
  isProxied?: boolean;
  /** A CRM that tells thinly, under this seed. */
  crmSeed?: number;
  /** Where the databases are; default: the mesh's folder. */
  storeFolder?: string;
  /** Where nats-server keeps its streams; default: below the system's temporary folder. */
  serverFolder?: string;
}

/** A whole mesh as processes: nats-server, publisher, host, and a sender that keeps the ground truth. */
export interface FaultMesh {
  folder: string;
  storeFolder: string;
  server: TestNats;
  publisher: AppProcess;
  /** Of the same store, for who starts it: one of both leads the normaliser. */
  standby: AppProcess;
  host: AppProcess;
  proxies: Record<'publisher' | 'host', TcpProxy> | undefined;
  sender: Sender;
  crm: Crm | undefined;
  /** Sequences of events that an operator took away from the plugin, so that it never runs them. */
  givenUp: Set<number>;
  /** Straight to the server, to look and to play the operator. */
  jsm: JetStreamManager;
  /** What an app is started with: the bugs of the mesh and these points. */
  plant(points?: Plant['points']): Plant;
  effects(): Effect[];
  /** Until a step of this record's handler is in the effects. */
  reached(step: Effect['step'], record: string, options?: { version?: number; times?: number }): Promise<void>;
  /** Tells how many messages have gone to the subject since, whether a stream took them or not. */
  listen(subject: string): () => number;
  /** Until nothing waits anywhere: streams, parked lanes, outbox. Rejects after a minute. */
  drained(timeoutMs?: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startFaultMesh(options: FaultMeshOptions = {}): Promise<FaultMesh> {
  const server = await startServer(options.serverFolder);
  const temp = makeTempDir('faults');
  const folder = temp.path;
  const storeFolder = options.storeFolder ?? folder;
  const effectsFile = join(folder, 'effects');
  mkdirSync(join(folder, 'plugins'));
  const crm = options.crmSeed === undefined ? undefined : await Crm.start(options.crmSeed);
  writeFileSync(join(folder, 'mesh.yaml'), JSON.stringify(describeMesh(storeFolder, crm)));
  writeFaultPlugin(join(folder, 'plugins'), effectsFile, DELIVERY);
  await makeDurables(server.url);
  const nc = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
  const jsm = await jetstreamManager(nc);
  const proxies = options.isProxied
    ? { publisher: await startTcpProxy(server.port), host: await startTcpProxy(server.port) }
    : undefined;
  const [publisher, host] = (['publisher', 'host'] as const).map(
    (app) => new AppProcess({ app, folder, natsUrl: proxies?.[app].url ?? server.url }),
  ) as [AppProcess, AppProcess];
  const standby = new AppProcess({ app: 'publisher', name: 'standby', folder, natsUrl: server.url });
  const effects = (): Effect[] => readEffects(effectsFile);
  return {
    folder,
    storeFolder,
    server,
    publisher,
    standby,
    host,
    proxies,
    sender: new Sender(takeTurns(publisher, standby)),
    crm,
    givenUp: new Set(),
    jsm,
    plant: (points = []) => ({ points, bugs: options.bugs ?? [] }),
    effects,
    reached: (step, record, { version = 1, times = 1 } = {}) =>
      vi.waitFor(
        () => {
          const found = effects().filter((effect) => effect.step === step && effect.record === record);
          expect(
            found.filter((effect) => effect.version === version).length,
            `${record} ${step}`,
          ).toBeGreaterThanOrEqual(times);
        },
        { timeout: 60_000, interval: 20 },
      ),
    listen: (subject) => {
      const subscription = nc.subscribe(subject, { callback: () => undefined });
      return () => subscription.getReceived();
    },
    drained: (timeoutMs = DRAIN_TIMEOUT_MS) =>
      vi.waitFor(() => expectNothingWaits(jsm, storeFolder), { timeout: timeoutMs, interval: 100 }),
    stop: async () => {
      await crm?.stop();
      await Promise.all([publisher.kill(), standby.kill(), host.kill()]);
      await Promise.all(Object.values(proxies ?? {}).map((proxy) => proxy.stop()));
      await closeQuickly(nc);
      await server.stop();
      temp.remove();
    },
  };
}

/** As a load balancer would; a process that is stopped gets its share too. */
function takeTurns(publisher: AppProcess, standby: AppProcess): () => string {
  let turns = 0;
  return () => (standby.isRunning && (turns += 1) % 2 === 0 ? standby : publisher).url;
}

const DELIVERY = {
  startFrom: 'all',
  concurrency: 20,
  maxAttempts: 50,
  maxAckPending: MAX_ACK_PENDING,
  backoff: { initialMs: 50, maxMs: 200, factor: 2 },
};

function describeMesh(storeFolder: string, crm: Crm | undefined): object {
  const shop = { name: 'shop', source: 'cloudevents', config: { tokens: [TOKEN] } };
  const secrets = [`whsec_${SIGNING_KEY.toString('base64')}`];
  return {
    http: { rateLimit: { perConnectionPerSecond: 100_000 } },
    store: {
      publisher: `sqlite:${join(storeFolder, 'publisher.db')}`,
      host: `sqlite:${join(storeFolder, 'host.db')}`,
    },
    connections: [
      { tenant: 'acme', ...shop },
      { tenant: 'globex', ...shop },
      { tenant: 'acme', name: 'billing', source: 'standard-webhooks', config: { secrets } },
      ...(crm ? [crm.connection] : []),
    ],
  };
}

/** The kit puts it below the system's temporary folder, which is what TMPDIR says at that moment. */
async function startServer(folder: string | undefined): Promise<TestNats> {
  const { TMPDIR } = process.env;
  if (folder !== undefined) process.env['TMPDIR'] = folder;
  try {
    return await startTestNats();
  } finally {
    if (TMPDIR === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = TMPDIR;
  }
}

/** The durables as the apps would make them, but for `ack_wait`. */
async function makeDurables(url: string): Promise<void> {
  const nats = await connectNats({ name: 'faults', url });
  await ensureStreams(nats);
  await nats.close();
  const nc = await connect({ servers: url });
  const jsm = await jetstreamManager(nc);
  const shape = { ack_policy: AckPolicy.Explicit, ack_wait: nanos(ACK_WAIT_MS), max_deliver: -1 };
  const normaliser = { durable_name: 'normaliser', filter_subject: 'raw.*.*.*.*', max_ack_pending: 5_000 };
  await jsm.consumers.add('CRM_RAW', { ...shape, ...normaliser });
  await jsm.consumers.add('CRM_EVENTS', {
    ...shape,
    durable_name: PLUGIN,
    filter_subject: 'crm.>',
    max_ack_pending: MAX_ACK_PENDING,
  });
  await nc.close();
}

async function expectNothingWaits(jsm: JetStreamManager, storeFolder: string): Promise<void> {
  const waiting: Record<string, number> = countWaiting(storeFolder);
  for (const [stream, durable] of [
    ['CRM_RAW', 'normaliser'],
    ['CRM_EVENTS', PLUGIN],
  ] as const) {
    const { num_pending: pending, num_ack_pending: ackPending } = await jsm.consumers.info(stream, durable);
    waiting[durable] = pending + ackPending;
  }
  expect(waiting, 'something waits').toEqual(Object.fromEntries(Object.keys(waiting).map((name) => [name, 0])));
}

function readEffects(file: string): Effect[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Effect);
}

async function closeQuickly(nc: NatsConnection): Promise<void> {
  await nc.close().catch(() => undefined);
}
