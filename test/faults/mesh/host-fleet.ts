import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { vi } from 'vitest';
import { eventSubject } from '@crm-mesh/contract';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { buildTestEvent } from '@crm-mesh/sdk/testing';
import { openStore, type Store } from '@crm-mesh/store';
import { makeTempDir, startTestNats, startTestPostgres } from '@crm-mesh/testing';
import type { Effect, LoggedEvent } from '../check/evidence.js';
import { AppProcess } from './app-process.js';

/** Bugs of what several hosts share: three-hosts.faults.ts finds them. */
export const FLEET_BUGS = ['lease-never-expires'];

export const HOST_NAMES = ['a', 'b', 'c'] as const;
export type HostName = (typeof HOST_NAMES)[number];

/** A line of the fleet's plugins. */
export interface FleetEffect extends Effect {
  plugin: string;
  atMs: number;
}

export interface FleetPlugin {
  name: string;
  delivery: object;
}

/** One nats-server, one PostgreSQL, three hosts, and whoever publishes keeps the ground truth. */
export interface HostFleet {
  folder: string;
  hosts: Record<HostName, AppProcess>;
  /** What was published, in stream order. */
  events: LoggedEvent[];
  jsm: JetStreamManager;
  publish(record: string, task?: string): Promise<void>;
  effects(): FleetEffect[];
  /** By durable: which host holds its lease, as far as the bucket says. */
  holders(): Promise<Map<string, string>>;
  /** Opens the gate of one host. */
  openGate(host: AppProcess): void;
  /** Process ids of lives that lost a lease without giving it up. */
  livesThatLost(): Set<number>;
  query<Row>(sql: string): Promise<Row[]>;
  drained(timeoutMs: number): Promise<void>;
  stop(): Promise<void>;
}

/** Rejects where there is no PostgreSQL. */
export async function startHostFleet(plugins: readonly FleetPlugin[]): Promise<HostFleet> {
  const postgres = await startTestPostgres();
  const server = await startTestNats();
  const temp = makeTempDir('fleet');
  const folder = temp.path;
  const store = postgres.urlOf('fleet');
  const database = await openStore({ url: postgres.urlOf('public'), migrations: [] });
  await database.write((tx) => tx.run('CREATE SCHEMA fleet'));
  const nats = await connectNats({ name: 'faults', url: server.url });
  await ensureStreams(nats);
  const nc = await connect({ servers: server.url });
  const jsm = await jetstreamManager(nc);
  const hosts = Object.fromEntries(
    HOST_NAMES.map((name) => [name, makeHost(folder, name, { plugins, store, natsUrl: server.url })]),
  ) as HostFleet['hosts'];
  const events: LoggedEvent[] = [];
  return {
    folder,
    hosts,
    events,
    jsm,
    publish: (record, task) => publishEvent(nats, events, record, task),
    effects: () => readLines<FleetEffect>(join(folder, 'effects')),
    holders: () => readHolders(jsm),
    openGate: ({ pid }) => writeFileSync(join(folder, `gate-${pid}`), ''),
    livesThatLost: () => findLivesThatLost(folder),
    query: <Row>(sql: string) => database.read<Row>(sql),
    drained: (timeoutMs) => vi.waitFor(() => expectNothingWaits(jsm, database), { timeout: timeoutMs, interval: 200 }),
    stop: async () => {
      await Promise.all(Object.values(hosts).map((host) => host.kill()));
      await Promise.all([nats.close(), nc.close(), database.close()]);
      await Promise.all([server.stop(), postgres.stop()]);
      temp.remove();
    },
  };
}

function makeHost(
  fleet: string,
  name: HostName,
  { plugins, store, natsUrl }: { plugins: readonly FleetPlugin[]; store: string; natsUrl: string },
): AppProcess {
  const folder = join(fleet, name);
  mkdirSync(join(folder, 'plugins'), { recursive: true });
  writeFileSync(join(folder, 'mesh.yaml'), JSON.stringify({ store: { host: store } }));
  for (const plugin of plugins) writePlugin(join(folder, 'plugins'), fleet, plugin);
  return new AppProcess({ app: 'host', name: 'host', folder, natsUrl, env: { MESH_HOST_NAME: name } });
}

/** Tasks: `work`, `slow <ms>`, `fail <attempts>`, and `gate` (waits for the gate of its host). */
function writePlugin(folder: string, fleet: string, { name, delivery }: FleetPlugin): void {
  const text = `
    import { existsSync, openSync, writeSync } from 'node:fs';
    import { definePlugin } from '@crm-mesh/sdk';
    const file = openSync(${JSON.stringify(join(fleet, 'effects'))}, 'a');
    const gate = ${JSON.stringify(join(fleet, 'gate-'))} + process.pid;
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    function append(event, attempt, step) {
      const record = event.source.slice(1) + '/' + event.subject;
      const line = { plugin: '${name}', record, version: event.recordversion, step, attempt, life: process.pid, atMs: Date.now() };
      writeSync(file, JSON.stringify(line) + '\\n');
    }
    export default definePlugin({
      name: '${name}',
      events: ['company.*'],
      delivery: ${JSON.stringify(delivery)},
      async handle(event, { attempt }) {
        const [verb, argument] = (event.data.industry ?? 'work').split(' ');
        append(event, attempt, 'begin');
        if (verb === 'gate') while (!existsSync(gate)) await pause(20);
        if (verb === 'slow') await pause(Number(argument));
        if (verb === 'fail' && attempt <= Number(argument)) throw new Error('fails at attempt ' + attempt);
        append(event, attempt, 'done');
      },
    });
  `;
  writeFileSync(join(folder, `${name}.plugin.ts`), text);
}

async function publishEvent(nats: Nats, events: LoggedEvent[], id: string, task = 'work'): Promise<void> {
  const record = `acme/shop/company/${id}`;
  const version = events.filter((event) => event.record === record).length + 1;
  const event = buildTestEvent(
    'company.updated',
    { id, industry: task },
    { tenant: 'acme', connection: 'shop', version },
  );
  const subject = eventSubject({ tenant: 'acme', connection: 'shop', entity: 'company', action: 'updated', id });
  const text = JSON.stringify(event);
  // Noted first: of one record the next must know that it is the next.
  const logged: LoggedEvent = { sequence: 0, record, version, edit: version, task, text };
  events.push(logged);
  logged.sequence = (await nats.publish({ subject, payload: text, messageId: event.id })).sequence;
}

async function readHolders(jsm: JetStreamManager): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const { state } = await jsm.streams.info('KV_mesh_leases', { subjects_filter: '>' });
  for (const subject of Object.keys(state.subjects ?? {})) {
    const stored = await jsm.streams.getMessage('KV_mesh_leases', { last_by_subj: subject });
    const name = subject.slice('$KV.mesh_leases.'.length);
    if (stored?.data.length && !name.endsWith('_layout')) found.set(name, stored.json<{ holder: string }>().holder);
  }
  return found;
}

function findLivesThatLost(folder: string): Set<number> {
  const lives = new Set<number>();
  for (const name of HOST_NAMES) {
    let life = 0;
    for (const line of readLines<{ msg: string; pid?: number; isLost?: boolean }>(join(folder, name, 'host.log'))) {
      if (line.pid !== undefined) life = line.pid;
      if (line.isLost) lives.add(life);
    }
  }
  return lives;
}

async function expectNothingWaits(jsm: JetStreamManager, database: Store): Promise<void> {
  const waiting: string[] = [];
  for await (const { name, num_pending: pending, num_ack_pending: held } of jsm.consumers.list('CRM_EVENTS'))
    if (pending + held > 0) waiting.push(`${name}: ${pending + held}`);
  const rows = await database.read('SELECT consumer, lane FROM fleet.delivery_parked');
  if (waiting.length + rows.length > 0) throw new Error(`${waiting.join(', ')}; parked: ${JSON.stringify(rows)}`);
}

function readLines<Line>(file: string): Line[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'));
  return lines.map((line) => JSON.parse(line) as Line);
}
