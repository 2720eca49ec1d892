import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AnyRecord } from '@crm-mesh/contract';
import { PollConfig, type ConnectionConfig } from '@crm-mesh/config';
import { connectNats, type Nats } from '@crm-mesh/jetstream';
import { defineSource, Unavailable, type NotificationDraft, type Source, type SourceDefinition } from '@crm-mesh/sdk';
import { openStore, type Store } from '@crm-mesh/store';
import { createMetrics, type Metrics } from '@crm-mesh/telemetry';
import type { Connections } from '../connections/connections.js';
import { openConnections } from '../connections/open-connections.js';
import { quietLog as log } from '../publisher.fixture.js';
import { CURSOR_MIGRATIONS } from './migrations.js';
import { Pollers } from './pollers.js';

// For the specs of this folder.

export interface Row {
  entity: string;
  id: string;
  name: string;
  modifiedMs: number;
}

interface Asked {
  path: string;
  entity: string;
  cursor: string | null;
  from: number;
  to: number;
}

/** A CRM with an HTTP interface: what changed in a window, and all that there is, by pages. */
export class TestCrm {
  readonly rows: Row[] = [];
  readonly asked: Asked[] = [];
  pageSize = 2;
  /** Before each answer: a status to fail with, or a wait. */
  onRequest: (asked: Asked) => number | undefined | Promise<number | undefined> = () => undefined;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  put(entity: string, id: string, name: string, modifiedMs = Date.now()): Row {
    const row = { entity, id, name, modifiedMs };
    const at = this.rows.findIndex((one) => one.entity === entity && one.id === id);
    if (at >= 0) this.rows.splice(at, 1);
    this.rows.push(row);
    return row;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams } = new URL(request.url ?? '/', this.url);
    const number = (name: string): number => Number(searchParams.get(name) ?? Number.NaN);
    const asked = { path, entity: searchParams.get('entity') ?? '', cursor: searchParams.get('cursor') };
    const whole = { ...asked, from: number('from'), to: number('to') };
    this.asked.push(whole);
    const status = await this.onRequest(whole);
    if (status !== undefined) return void response.writeHead(status).end();
    response.setHeader('content-type', 'application/json').end(JSON.stringify(this.#page(whole)));
  }

  #page({ path, entity, cursor, from, to }: Asked): object {
    const all = this.rows
      .filter((row) => row.entity === entity)
      .filter(({ modifiedMs }) => path === '/scan' || (modifiedMs >= from && modifiedMs <= to))
      .toSorted((a, b) => a.id.localeCompare(b.id));
    const after = all.filter(({ id }) => cursor === null || id > cursor);
    const rows = after.slice(0, this.pageSize);
    const next = after.length > rows.length ? { cursor: rows.at(-1)!.id } : {};
    return { rows, total: all.length, ...next };
  }
}

interface Answer {
  rows: Row[];
  total: number;
  cursor?: string;
}

class NoConfig {}

export function draftOf({ entity, id, name, modifiedMs }: Row): NotificationDraft {
  const modifiedAt = new Date(modifiedMs).toISOString();
  return { entity, id, change: 'unknown', dedupeKey: `${entity}/${id}/${modifiedMs}`, modifiedAt, payload: { name } };
}

/** Speaks with it; webhooks are lists of rows. */
export function makeSource(crm: TestCrm, part: Partial<SourceDefinition> = {}): Source {
  const get = async (path: string, query: Record<string, string>): Promise<Answer> => {
    const response = await fetch(`${crm.url}${path}?${new URLSearchParams(query).toString()}`);
    if (!response.ok) throw new Unavailable(`the CRM says ${response.status}`);
    return (await response.json()) as Answer;
  };
  const toPage = ({ rows, cursor, total }: Answer) => ({
    drafts: rows.map(draftOf),
    total,
    ...(cursor ? { cursor } : {}),
  });
  const more = (cursor: string | undefined): Record<string, string> => (cursor === undefined ? {} : { cursor });
  return defineSource<unknown>({
    name: 'crm',
    config: NoConfig,
    verify: () => ({ ok: true, scheme: 'test' }),
    split: ({ body }) => (JSON.parse(Buffer.from(body).toString()) as Row[]).map(draftOf),
    poll: {
      entities: () => ['contact', 'company'],
      overlapMs: 5_000,
      page: async ({ entity, fromMs, toMs, cursor }) =>
        toPage(await get('/changes', { entity, from: String(fromMs), to: String(toMs), ...more(cursor) })),
    },
    scan: {
      entities: () => ['contact', 'company'],
      page: async ({ entity, cursor }) => toPage(await get('/scan', { entity, ...more(cursor) })),
    },
    map: ({ notification }) => ({
      state: 'present',
      record: nameRecord(notification.entity, notification.id, notification.payload as { name: string }),
    }),
    ...part,
  });
}

function nameRecord(entity: string, id: string, { name }: { name: string }): AnyRecord {
  return (entity === 'company' ? { id, name } : { id, lastName: name }) as AnyRecord;
}

export function connectionOf(poll: Partial<PollConfig> | undefined): ConnectionConfig {
  const own = poll ? { poll: Object.assign(new PollConfig(), { every: 50, jitter: 0 }, poll) } : {};
  return { tenant: 'acme', name: 'crm', source: 'crm', config: {}, ...own };
}

export interface RunningPollers {
  pollers: Pollers;
  connections: Connections;
  metrics: Metrics;
  nats: Nats;
  store: Store;
  /** As SIGKILL leaves things: nothing more is written, and no lease is given back. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

/** The pollers of one publisher alone, with connections to NATS and to the store of their own. */
export async function startPollers(options: {
  url: string;
  storeUrl: string;
  source: Source;
  poll?: Partial<PollConfig>;
  holder: string;
  now?(): number;
}): Promise<RunningPollers> {
  const { now = Date.now, holder } = options;
  const nats = await connectNats({ name: holder, url: options.url });
  const store = await openStore({ url: options.storeUrl, migrations: CURSOR_MIGRATIONS });
  const configured = [connectionOf(options.poll)];
  const connections = await openConnections({
    configured,
    sources: [options.source],
    publicUrl: () => '',
    cacheFolder: '',
    log,
    now,
  });
  const metrics = createMetrics({ app: 'publisher' });
  const pollers = new Pollers({ nats, store, connections, log, metrics, holder, now, random: () => 0.5 });
  pollers.start();
  let isKilled = false;
  const kill = async (): Promise<void> => {
    if (isKilled) return;
    isKilled = true;
    await nats.close();
    await store.close();
  };
  const stop = async (): Promise<void> => {
    await pollers.stop();
    await kill();
  };
  return { pollers, connections, metrics, nats, store, kill, stop };
}
