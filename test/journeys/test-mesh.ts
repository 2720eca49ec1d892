import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { vi, expect } from 'vitest';
import { loadConfig } from '@crm-mesh/config';
import type { DeadLetter } from '@crm-mesh/delivery';
import { startHost, type RunningHost } from '@crm-mesh/host/start';
import { connectNats, requestControl, type Nats } from '@crm-mesh/jetstream';
import { startPublisher, type RunningPublisher } from '@crm-mesh/publisher/start';
import { openStore } from '@crm-mesh/store';
import { createLogger } from '@crm-mesh/telemetry';
import { makeTempDir, startTestNats, type TestNats } from '@crm-mesh/testing';

export const TOKEN = 'a-bearer-token';
export const HUBSPOT_SECRET = 'a-client-secret';

/** A row of the ledger as it lies in the publisher's database. */
export type LedgerRow = Record<string, string | number | null> & { connection: string; id: string };

/** A whole mesh in this process, on a nats-server, a folder and a plugin folder of its own. */
export interface TestMesh {
  server: TestNats;
  nats: Nats;
  readonly publisher: RunningPublisher;
  host: RunningHost;
  folder: string;
  /** Writes `plugins/<name>.plugin.ts`, whose handler appends `<id> <version> <action>` to `<name>.effects` after `body`. */
  writePlugin(name: string, options?: { body?: string; events?: string; delivery?: string }): void;
  removePlugin(name: string): void;
  effects(name: string): string[];
  /** Sends one CloudEvent of the shop; resolves to the HTTP status. */
  send(type: string, data: Record<string, unknown>, part?: Record<string, unknown>): Promise<number>;
  /** The same of a connection that tells patches. */
  sendPatch(type: string, data: Record<string, unknown>, part?: Record<string, unknown>): Promise<number>;
  /** The whole ledger, once everything that the log holds is committed: up to 50 ms after it was told. */
  readLedger(): Promise<LedgerRow[]>;
  /** Until the normaliser and these plugins have settled everything. */
  settled(...plugins: string[]): Promise<void>;
  deadLetters(consumer: string): Promise<{ sequence: number; letter: DeadLetter }[]>;
  /** Stops the publisher, and starts it at the same address with what mesh.yaml says then. */
  restartPublisher(mesh: object): Promise<void>;
  stop(): Promise<void>;
}

export interface TestMeshOptions {
  hubspotApi?: { url: string; token: string };
  /** Of mesh.yaml, by what it is without. */
  describe?(plain: object, folder: string): object;
  /** Of the nats-server. */
  settings?: Record<string, number>;
  /** Before anything starts. */
  prepare?(folder: string): void;
}

interface Waiting {
  outbox: { messages: number };
  consumers: { parkedMessages: number }[];
}

export async function startTestMesh(options: TestMeshOptions = {}): Promise<TestMesh> {
  const server = await startTestNats({ settings: options.settings });
  const temp = makeTempDir('journey');
  const folder = temp.path;
  mkdirSync(join(folder, 'plugins'));
  const file = join(folder, 'mesh.yaml');
  const plain = describeMesh(options.hubspotApi);
  writeFileSync(file, JSON.stringify(options.describe?.(plain, folder) ?? plain));
  options.prepare?.(folder);
  const log = createLogger({ app: 'journey', level: process.env['MESH_TEST_LOG'] ?? 'silent' });
  const config = loadConfig({ file, env: {}, cwd: folder });
  let publisher = await startPublisher({ config, nats: { url: server.url }, log });
  const host = await startHost({ env: { NATS_URL: server.url }, cwd: folder, log });
  const nats = await connectNats({ name: 'journey', url: server.url });

  const pluginFile = (name: string) => join(folder, 'plugins', `${name}.plugin.ts`);
  const settledOne = async (stream: string, name: string) => {
    const state = await nats.durableState(stream, name);
    expect(state && state.pending + state.ackPending, `${name} has not settled`).toBe(0);
  };
  return {
    server,
    nats,
    get publisher() {
      return publisher;
    },
    host,
    folder,
    writePlugin: (name, plugin) => writeFileSync(pluginFile(name), describePlugin(folder, name, plugin)),
    removePlugin: (name) => rmSync(pluginFile(name)),
    effects: (name) => readLines(join(folder, `${name}.effects`)),
    send: (...event) => post(`${publisher.url}/webhooks/acme/shop`, event),
    sendPatch: (...event) => post(`${publisher.url}/webhooks/acme/parts`, event),
    readLedger: async () => {
      const store = await openStore({ url: config.store.publisher, migrations: [] });
      try {
        const { lastSequence } = await nats.streamState('CRM_EVENTS');
        return await vi.waitFor(async () => {
          const rows = await store.read<LedgerRow>('SELECT * FROM ledger ORDER BY connection, entity, id');
          expect(Math.max(0, ...rows.map((row) => Number(row['sequence'])))).toBeGreaterThanOrEqual(lastSequence);
          return rows;
        });
      } finally {
        await store.close();
      }
    },
    settled: (...plugins) =>
      vi.waitFor(
        async () => {
          // A durable does not count at once what its stream has.
          const { lastSequence } = await nats.streamState('CRM_RAW');
          await settledOne('CRM_RAW', 'normaliser');
          expect((await nats.durableState('CRM_RAW', 'normaliser'))?.ackFloorSequence).toBe(lastSequence);
          // What is parked is acked, and what lies in the outbox is in no stream yet.
          const { outbox, consumers } = await requestControl<Waiting>(nats, 'publisher', 'status');
          const parked = [...consumers, ...host.plugins().flatMap(({ consumer }) => consumer ?? [])];
          expect([outbox.messages, ...parked.map(({ parkedMessages }) => parkedMessages)].filter(Boolean)).toEqual([]);
          for (const plugin of plugins) await settledOne('CRM_EVENTS', plugin);
        },
        { timeout: 60_000, interval: 50 },
      ),
    deadLetters: async (consumer) => {
      const letters = [];
      const dead = { fromSequence: 1, filterSubject: `dead.${consumer}.>` };
      for await (const { data, sequence } of nats.readStream('CRM_DEAD', dead)) {
        letters.push({ sequence, letter: JSON.parse(Buffer.from(data).toString()) as DeadLetter });
      }
      return letters;
    },
    restartPublisher: async (mesh) => {
      const port = Number(new URL(publisher.url).port);
      await publisher.stop();
      writeFileSync(file, JSON.stringify(mesh));
      const changed = loadConfig({ file, env: {}, cwd: folder });
      publisher = await startPublisher({ config: changed, nats: { url: server.url }, port, log });
    },
    stop: async () => {
      await nats.close();
      await host.stop({ graceMs: 1_000 });
      await publisher.stop();
      await server.stop();
      temp.remove();
    },
  };
}

async function post(
  url: string,
  [type, data, part = {}]: [type: string, data: Record<string, unknown>, part?: Record<string, unknown>],
): Promise<number> {
  const id = `${type}/${JSON.stringify(data)}`;
  const event = { specversion: '1.0', id, source: '/shop', type, time: new Date().toISOString(), data, ...part };
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents+json', authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify(event),
  });
  return response.status;
}

/** mesh.yaml; JSON is YAML. */
export function describeMesh(hubspotApi = { url: 'http://127.0.0.1:9', token: 'none' }): object {
  return {
    http: { rateLimit: { perConnectionPerSecond: 100_000 } },
    connections: [
      { tenant: 'acme', name: 'shop', source: 'cloudevents', config: { tokens: [TOKEN] } },
      {
        tenant: 'acme',
        name: 'parts',
        source: 'cloudevents',
        config: { tokens: [TOKEN], mapping: { payload: 'patch' } },
      },
      {
        tenant: 'acme',
        name: 'hubspot',
        source: 'hubspot',
        config: {
          clientSecrets: [HUBSPOT_SECRET],
          accessToken: hubspotApi.token,
          apiUrl: hubspotApi.url,
          rateLimit: { requests: 10_000 },
        },
      },
    ],
  };
}

export function describePlugin(
  folder: string,
  name: string,
  { body = '', events = "'*'", delivery = '{}' }: { body?: string; events?: string; delivery?: string } = {},
): string {
  return `
    import { appendFileSync } from 'node:fs';
    import { definePlugin, PermanentError } from '@crm-mesh/sdk';
    void PermanentError;
    export default definePlugin({
      name: '${name}',
      events: [${events}],
      delivery: { startFrom: 'all', backoff: { initialMs: 100, maxMs: 100 }, ...${delivery} },
      async handle(event, { attempt }) {
        void attempt;
        ${body}
        appendFileSync(${JSON.stringify(join(folder, `${name}.effects`))}, [event.data.id, event.recordversion, event.type].join(' ') + '\\n');
      },
    });
  `;
}

function readLines(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}
