import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, vi } from 'vitest';
import { requestControl, type Nats } from '@crm-mesh/jetstream';
import { startSandbox, type Knobs, type RunningSandbox } from '@crm-mesh/sandbox/start';
import { createLogger } from '@crm-mesh/telemetry';
import { ROOT } from '../house/repository.js';
import { describeMesh, HUBSPOT_SECRET, startTestMesh, type LedgerRow, type TestMesh } from './test-mesh.js';

export const CONNECTION = 'acme/hubspot';
/** How long a difference to the CRM must stand: longer than the mesh takes to tell of an edit. */
const GRACE = '2s';
const WAIT = { timeout: 120_000, interval: 100 };

/** What the wrapped plugin does with the events of a record; a repair it always does. */
export type Fault = 'swallow' | 'bury' | 'park';
export const TABLES = ['contact-table', 'faulty-table', 'picky-table'] as const;
export type Table = (typeof TABLES)[number];

/** What a run said: by record, as `acme/hubspot/contact/1`, its label. */
export interface Outcome {
  how: string;
  why?: string;
  repaired: number;
  labels: Map<string, string>;
}

export interface Report {
  how: string;
  why?: string;
  differences: number;
  repaired: number;
  labels: { label?: string; count: number; examples: string[] }[];
}

export interface Wish {
  entities?: string[];
  content?: boolean;
  repair?: boolean;
}

/** What the connection's mapping does with a record: its notification is buried, or parked. */
export type Refusal = 'bury' | 'park';

/** The sandbox as HubSpot, the mesh behind it, and two tables behind that. */
export interface Scene {
  sandbox: RunningSandbox;
  mesh: TestMesh;
  /** Changes the CRM while nobody is told; then tells it all with the knobs, and waits until it is dealt with. */
  change(knobs: Partial<Knobs>, deed: () => void): Promise<void>;
  plantFaults(faults: Readonly<Record<string, Fault>>): void;
  plantRefusals(refusals: Readonly<Record<string, Refusal>>): void;
  settled(): Promise<void>;
  /** The connection's mapping is another one from now on. */
  remap(mapping: object): Promise<void>;
  reconcile(pair: string, wish?: Wish): Promise<Outcome>;
  ledgerOf(entity: string): Promise<LedgerRow[]>;
  /** Somebody at work behind the plugin's back. */
  edit(table: Table, ...statements: string[]): void;
  rowsOf(table: Table): TableRow[];
  stop(): Promise<void>;
}

export interface TableRow {
  id: string;
  /** Of which record it is. */
  mesh_place: string;
  version: number;
  state: string;
  merged_into: string | null;
  email: string | null;
  first_name: string | null;
  last_name: string | null;
  phone: string | null;
}

export async function startScene(seed: number): Promise<Scene> {
  const sandbox = await startSandbox({
    log: createLogger({ app: 'sandbox', level: 'silent' }),
    ...{ clientSecret: HUBSPOT_SECRET, rateLimits: { maxPerInterval: 100_000, searchPerSecond: 100_000 }, seed },
    knobs: { batchWaitMs: 20 },
  });
  const hubspotApi = { url: sandbox.url, token: sandbox.accessToken };
  const mesh = await startTestMesh({
    hubspotApi,
    describe: describeScene,
    prepare: writeTables,
  });
  sandbox.setTarget({ url: `${mesh.publisher.url}/webhooks/${CONNECTION}` });
  const { nats, folder } = mesh;
  const open = (table: Table): Database.Database => new Database(join(folder, `${table}.db`));
  const settled = (): Promise<void> => untilSettled(nats);
  return {
    ...{ sandbox, mesh, settled },
    change: async (knobs, deed) => {
      sandbox.turnKnobs({ dropRate: 0, duplicateRate: 0, disorder: 0, ...knobs, paused: true });
      deed();
      sandbox.turnKnobs({ paused: false });
      await sandbox.webhooks.whenSettled();
      await settled();
      sandbox.turnKnobs({ dropRate: 0, duplicateRate: 0, disorder: 0 });
    },
    remap: (mapping) => mesh.restartPublisher(describeScene(describeMesh(hubspotApi), folder, mapping)),
    plantFaults: (faults) => writeFaults(folder, faults),
    plantRefusals: (refusals) => writeFileSync(join(folder, REFUSALS), JSON.stringify(refusals)),
    reconcile: (pair, wish) => reconcile(nats, pair, wish),
    ledgerOf: async (entity) =>
      (await mesh.readLedger()).filter((row) => row.connection === 'hubspot' && row['entity'] === entity),
    edit: (table, ...statements) => {
      const database = open(table);
      for (const statement of statements) expect(database.prepare(statement).run().changes, statement).toBe(1);
      database.close();
    },
    rowsOf: (table) => {
      const database = open(table);
      const rows = database.prepare('SELECT * FROM crm_contacts ORDER BY id').all() as TableRow[];
      database.close();
      return rows;
    },
    stop: async () => {
      await mesh.stop();
      await sandbox.stop();
    },
  };
}

/** mesh.yaml; `mapping`: of the connection to HubSpot. */
export function describeScene(plain: object, folder: string, mapping: object = {}): object {
  const { connections, ...rest } = plain as { connections: { name: string }[] };
  const more = { reconcile: { cron: '0 0 1 1 *', grace: GRACE }, mapping: { ...mapping, file: join(folder, MAPPING) } };
  return {
    ...rest,
    connections: connections.map((one) => (one.name === 'hubspot' ? { ...one, ...more } : one)),
    plugins: Object.fromEntries(TABLES.map((table) => [table, { url: `sqlite:${join(folder, `${table}.db`)}` }])),
  };
}

const FAULTS = 'faults.json';
const REFUSALS = 'refusals.json';
const MAPPING = 'refusing.mapping.ts';
const REPAIRED = 'repaired';

export function writeFaults(folder: string, faults: Readonly<Record<string, Fault>>): void {
  writeFileSync(join(folder, FAULTS), JSON.stringify(faults));
}

/** Ids of repairs that came to the wrapped plugin. */
export function listHandledRepairs(folder: string): string[] {
  const file = join(folder, REPAIRED);
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

/** contact-table as it is; once more with faults; once more for one that listens to little; and the connection's mapping. */
export function writeTables(folder: string): void {
  const shipped = JSON.stringify(join(ROOT, 'plugins/contact-table.plugin.ts'));
  writeFaults(folder, {});
  writeFileSync(join(folder, MAPPING), describeRefusing(join(folder, REFUSALS)));
  writeFileSync(join(folder, 'plugins/contact-table.plugin.ts'), `export { default } from ${shipped};`);
  writeFileSync(
    join(folder, 'plugins/picky-table.plugin.ts'),
    `
    import { definePlugin } from '@crm-mesh/sdk';
    import table from ${shipped};
    const { kind: _kind, ...shipped } = table as any;
    export default definePlugin({ ...shipped, name: 'picky-table', events: ['contact.created', 'contact.updated'] });
  `,
  );
  writeFileSync(
    join(folder, 'plugins/faulty-table.plugin.ts'),
    `
    import { appendFileSync, readFileSync } from 'node:fs';
    import { definePlugin, PermanentError, RetryLater } from '@crm-mesh/sdk';
    import table from ${shipped};
    const { kind: _kind, ...shipped } = table as any;
    export default definePlugin({
      ...shipped,
      name: 'faulty-table',
      async handle(event: any, context: any) {
        const faults = JSON.parse(readFileSync(${JSON.stringify(join(folder, FAULTS))}, 'utf8'));
        if (event.origin === 'repair') appendFileSync(${JSON.stringify(join(folder, REPAIRED))}, event.data.id + '\\n');
        const fault = event.origin === 'repair' ? undefined : faults[event.data.id];
        if (fault === 'swallow') return;
        if (fault === 'bury') throw new PermanentError('planted');
        if (fault === 'park') throw new RetryLater(3_600_000, 'planted');
        return shipped.handle(event, context);
      },
    });
  `,
  );
}

function describeRefusing(file: string): string {
  return `
    import { existsSync, readFileSync } from 'node:fs';
    import { defineMapping, PermanentError, RetryLater } from '@crm-mesh/sdk';
    export default defineMapping(({ record }) => {
      const refusals = existsSync(${JSON.stringify(file)}) ? JSON.parse(readFileSync(${JSON.stringify(file)}, 'utf8')) : {};
      if (refusals[record.id] === 'bury') throw new PermanentError('planted');
      if (refusals[record.id] === 'park') throw new RetryLater(3_600_000, 'planted');
      return undefined;
    });
  `;
}

/** Also what is parked or buried counts as settled. */
export function untilSettled(nats: Nats): Promise<void> {
  return vi.waitFor(async () => {
    const { lastSequence } = await nats.streamState('CRM_RAW');
    expect((await nats.durableState('CRM_RAW', 'normaliser'))?.ackFloorSequence ?? 0).toBe(lastSequence);
    for (const stream of ['CRM_EVENTS', 'CRM_DIRECT'])
      for (const consumer of [...TABLES, 'normaliser']) {
        const { pending = 0, ackPending = 0 } = (await nats.durableState(stream, consumer)) ?? {};
        expect([stream, consumer, pending + ackPending]).toEqual([stream, consumer, 0]);
      }
  }, WAIT);
}

/** Asks for a run by the control plane, and waits for its end. */
export async function reconcile(nats: Nats, pair: string, wish: Wish = {}): Promise<Outcome> {
  const { run } = await beginRun(nats, pair, wish);
  const { how, why, repaired, labels } = await endOf(nats, run);
  return { how, repaired, labels: listLabels(labels), ...(why === undefined ? {} : { why }) };
}

export function beginRun(nats: Nats, pair: string, wish: Wish = {}): Promise<{ run: string }> {
  const command = { pair, by: 'journey', ...wish, ...(wish.repair ? { yes: true } : {}) };
  return requestControl<{ run: string }>(nats, 'publisher', 'reconcile', command);
}

export async function endOf(nats: Nats, run: string): Promise<Report> {
  await vi.waitFor(async () => {
    const status = await requestControl<{ how: string }>(nats, 'publisher', 'reconcile-status', { run });
    expect(status.how).not.toBe('running');
  }, WAIT);
  return requestControl<Report>(nats, 'publisher', 'reconcile-report', { run, examples: 100 });
}

function listLabels(lines: Report['labels']): Map<string, string> {
  const labels = new Map<string, string>();
  for (const { label = '', count, examples } of lines) {
    expect(examples, `not all of ${label} are shown`).toHaveLength(count);
    for (const record of examples) {
      expect(labels.has(record), `${record} is told twice`).toBe(false);
      labels.set(record, label);
    }
  }
  return labels;
}
