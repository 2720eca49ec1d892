import { auditSubject, type AnyRecord, type MeshEvent } from '@crm-mesh/contract';
import type { PublisherStatus, RetellAnswer } from '@crm-mesh/control';
import { connectNats, requestControl, type Nats } from '@crm-mesh/jetstream';
import { defineSource, type MappedRecord } from '@crm-mesh/sdk';
import { createMetrics } from '@crm-mesh/telemetry';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Connection } from '../connections/connections.js';
import { makeConfig, quietLog } from '../publisher.fixture.js';
import { startPublisher, type RunningPublisher } from '../start-publisher.js';
import { UnreadFields } from './unread-fields.js';

interface Row {
  id: string;
  name?: string;
  price?: unknown;
  status?: string;
}

/** The CRM, and whether the mapping knows that its prices are texts by now. */
const crm = { rows: new Map<string, Row>(), isMended: false };

function mapRow({ id, name, price, status = 'open' }: Row): MappedRecord {
  const amount = crm.isMended ? { value: String(price), currency: 'EUR' } : price;
  return { state: 'present', record: { id, name, status, ...(price !== undefined && { amount }) } as AnyRecord };
}

/** Its webhooks carry the row. */
const fatSource = defineSource<object>({
  name: 'fat',
  config: class {},
  verify: () => ({ ok: true, scheme: 'test' }),
  split: ({ body }) =>
    (JSON.parse(Buffer.from(body).toString()) as Row[]).map((row) => ({
      ...{ entity: 'deal', id: row.id, change: 'updated', dedupeKey: JSON.stringify(row), payload: row },
    })),
  map: ({ notification }) => mapRow(notification.payload as Row),
});
/** Its rows are read by id. */
const thinSource = defineSource<object>({
  ...fatSource,
  name: 'thin',
  fetch: (_entity, ids) => Promise.resolve(new Map(ids.flatMap((id) => [[id, crm.rows.get(id)] as const]))),
  map: ({ fetched }) => (fetched === undefined ? { state: 'deleted' } : mapRow(fetched as Row)),
});

const money = (value: string) => ({ value, currency: 'EUR' });
const connections = ['fat', 'thin'].map((source) => ({ tenant: 'acme', source, config: {} }));
const test = makeConfig({ connections });
let server: TestNats;
let nats: Nats;
let publisher: RunningPublisher;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'unread-fields-spec', url: server.url });
  publisher = await startPublisher({
    ...{ config: test.config, nats: { url: server.url }, log: quietLog, sources: [fatSource, thinSource] },
  });
});

afterAll(async () => {
  await publisher.stop();
  await nats.close();
  await server.stop();
  test.remove();
});

async function send(connection: string, rows: Row[]): Promise<void> {
  for (const row of rows) crm.rows.set(row.id, row);
  const path = `/webhooks/acme/${connection}`;
  const answer = await request(publisher.url).post(path).set('content-type', 'application/json').send(rows);
  expect(answer.status).toBe(202);
}

async function readEvents(id: string): Promise<MeshEvent<'deal.*'>[]> {
  const events: MeshEvent<'deal.*'>[] = [];
  const filterSubject = `crm.acme.*.*.*.${id}`;
  for await (const { data } of nats.readStream('CRM_EVENTS', { fromSequence: 1, filterSubject }))
    events.push(JSON.parse(Buffer.from(data).toString()) as MeshEvent<'deal.*'>);
  return events;
}

const untilTold = (id: string, events: number) =>
  vi.waitFor(async () => expect(await readEvents(id)).toHaveLength(events), { timeout: 20_000, interval: 50 });

async function readAudit(connection: string): Promise<Record<string, unknown>[]> {
  const told: Record<string, unknown>[] = [];
  const filterSubject = auditSubject('schema', `acme/${connection}`);
  for await (const { data } of nats.readStream('CRM_AUDIT', { fromSequence: 1, filterSubject }))
    told.push(JSON.parse(Buffer.from(data).toString()) as Record<string, unknown>);
  return told;
}

const readLeftOut = async (connection: string): Promise<unknown> =>
  (await requestControl<{ name: string; unread: object[] }[]>(nats, 'publisher', 'sources')).find(
    ({ name }) => name === connection,
  )?.unread;

const retell = (connection: string, part: object = {}): Promise<RetellAnswer> =>
  requestControl<RetellAnswer>(nats, 'publisher', 'retell', { tenant: 'acme', connection, by: 'me', ...part });

describe.each(['thin', 'fat'])('a field that was retyped in the CRM of a %s source', (connection) => {
  const [one, two, lost] = [`${connection}-1`, `${connection}-2`, `${connection}-3`];

  it('is left out, while all others flow, and what was known of it stays', async () => {
    crm.isMended = true;
    await send(connection, [{ id: one, name: 'a', price: '10' }]);
    await untilTold(one, 1);
    crm.isMended = false;
    await send(connection, [
      { id: one, name: 'b', price: '20' },
      { id: two, name: 'c', price: '30' },
    ]);
    await untilTold(one, 2);
    await untilTold(two, 1);
    const [, event] = await readEvents(one);
    expect(event).toMatchObject({
      type: 'crm.deal.updated',
      data: { name: 'b', amount: money('10'), unread: ['amount'] },
    });
    expect(event!.data.changes).toEqual({ name: { from: 'a', to: 'b' }, unread: { to: ['amount'] } });
    const [created] = await readEvents(two);
    expect(created!.data).toMatchObject({ name: 'c', unread: ['amount'] });
    expect(created!.data).not.toHaveProperty('amount');
  });

  it('is counted by the status, and told once in CRM_AUDIT, however many records have it', async () => {
    await vi.waitFor(async () =>
      expect(await readLeftOut(connection)).toEqual([{ entity: 'deal', field: 'amount', records: 2 }]),
    );
    await vi.waitFor(async () => expect(await readAudit(connection)).toHaveLength(1), { timeout: 10_000 });
    expect((await readAudit(connection))[0]).toMatchObject({
      ...{ kind: 'field-unread', connection: `acme/${connection}`, entity: 'deal', field: 'amount' },
      why: 'amount must be an object',
      readBy: { source: true, mappings: [], plugins: [] },
    });
  });

  it('buries what no deal can be without', async () => {
    const dead = (await nats.streamState('CRM_DEAD')).messages;
    await send(connection, [{ id: lost, name: 'd', status: 'almost' }]);
    await vi.waitFor(async () => expect((await nats.streamState('CRM_DEAD')).messages).toBe(dead + 1), {
      timeout: 10_000,
    });
    expect(await readEvents(lost)).toEqual([]);
  });

  it('is told again when the mapping is mended, and nothing that was not marked', async () => {
    crm.isMended = true;
    expect(await retell(connection, { field: 'name' })).toEqual({ retold: 0, untold: 0 });
    expect(await retell(connection, { entity: 'contact' })).toEqual({ retold: 0, untold: 0 });
    expect(await retell(connection, { entity: 'deal', field: 'amount' })).toEqual({ retold: 2, untold: 0 });
    await untilTold(one, 3);
    await untilTold(two, 2);
    expect((await readEvents(one))[2]).toMatchObject({
      origin: 'repair',
      data: {
        amount: money('20'),
        changes: { amount: { from: money('10'), to: money('20') }, unread: { from: ['amount'] } },
      },
    });
    expect((await readEvents(two))[1]!.data).toMatchObject({
      amount: money('30'),
      changes: { amount: {}, unread: {} },
    });
    await vi.waitFor(async () => expect(await readLeftOut(connection)).toEqual([]));
    expect(await retell(connection)).toEqual({ retold: 0, untold: 0 });
    expect((await readAudit(connection)).at(-1)).toMatchObject({ did: 'retold', by: 'me', retold: 2 });
  });
});

it('says of what cannot be told again that it cannot', async () => {
  crm.isMended = false;
  await send('fat', [{ id: 'old', price: '5' }]);
  await untilTold('old', 1);
  await vi.waitFor(async () => expect(await readLeftOut('fat')).toHaveLength(1));
  const { normaliser } = await requestControl<PublisherStatus>(nats, 'publisher', 'status');
  expect(normaliser.leading).toBe(true);
  // As after seven days.
  await nats.purgeBelow('CRM_RAW', (await nats.streamState('CRM_RAW')).lastSequence + 1);
  expect(await retell('fat')).toEqual({ retold: 0, untold: 1 });
});

it('tells of a field at most once in its time, with how often it was since', async () => {
  const clock = { nowMs: 0 };
  const told: object[] = [];
  const log = { warn: (fields: object) => void told.push(fields), info: () => undefined } as unknown as typeof quietLog;
  const metrics = createMetrics({ app: 'publisher' });
  const unread = new UnreadFields({ nats, log, metrics, now: () => clock.nowMs, everyMs: 1_000 });
  const connection = { tenant: 'acme', name: 'often' } as Connection;
  const note = (): void => unread.note(connection, 'deal', [{ field: 'amount', why: 'no money' }]);
  for (let times = 0; times < 5; times += 1) note();
  unread.note(connection, 'deal', [{ field: 'closeDate', why: 'no day' }]);
  await unread.settle();
  clock.nowMs = 1_000;
  note();
  await unread.settle();
  // Two that are told at once may overtake each other.
  expect(
    told.map((fields) => Object.entries(fields).filter(([key]) => ['field', 'times'].includes(key))).sort(),
  ).toEqual(
    [
      ['amount', 1],
      ['amount', 5],
      ['closeDate', 1],
    ].map(([field, times]) => [
      ['field', field],
      ['times', times],
    ]),
  );
  expect(await metrics.registry.getSingleMetricAsString('mesh_fields_unread_total')).toContain(
    'connection="acme/often",entity="deal",field="amount",app="publisher"} 6',
  );
});
