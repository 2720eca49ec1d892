import { parseCheckedEvent } from '@crm-mesh/contract/checking';
import { DEFAULT_POLICY, DELIVERY_MIGRATIONS, startConsumer, type Consumer, type DeadLetter } from '@crm-mesh/delivery';
import type { Outcome } from '@crm-mesh/delivery/outcome';
import { connectNats, isClaimed, type Claim, type Nats, type StoredMessage } from '@crm-mesh/jetstream';
import { Ledger, LEDGER_MIGRATIONS } from '@crm-mesh/ledger';
import { openStore } from '@crm-mesh/store';
import { createMetrics } from '@crm-mesh/telemetry';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CLOUD_EVENT_HEADERS, makeCloudEvent, makeConfig, quietLog } from './publisher.fixture.js';
import { startPublisher, type RunningPublisher } from './start-publisher.js';
import { isOutlived, trimClaims } from './trim/trim-claims.js';

const MAX_PAYLOAD_BYTES = 65_536;
const HOUR_MS = 3_600_000;
const test = makeConfig({ http: { maxBodyBytes: 2_000_000 }, nats: { maxClaimBytes: 500_000 } });
let server: TestNats;
let nats: Nats;
let publisher: RunningPublisher;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  server = await startTestNats({ settings: { max_payload: MAX_PAYLOAD_BYTES } });
  nats = await connectNats({ name: 'claim-check-spec', url: server.url });
  publisher = await startPublisher({ config: test.config, nats: { url: server.url }, log: quietLog });
});

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

afterAll(async () => {
  await publisher.stop();
  await nats.close();
  await server.stop();
  test.remove();
});

const notes = 'We met at the fair. '.repeat(10_000);

async function send(id: string, record: object = { notes }): Promise<request.Response> {
  const event = makeCloudEvent('contact.created', { id, email: `${id}@example.com`, ...record }, { id: `told ${id}` });
  return request(publisher.url).post('/webhooks/acme/cloudevents').set(CLOUD_EVENT_HEADERS).send(JSON.stringify(event));
}

async function waitForMessage(stream: string, subject: string): Promise<StoredMessage> {
  let message: StoredMessage | undefined;
  const look = async (): Promise<void> => {
    message = await nats.getNextMessage(stream, 1, subject);
    expect(message).toBeDefined();
  };
  await vi.waitFor(look, { timeout: 15_000, interval: 50 });
  return message!;
}

/** What any NATS client sees. */
const readJson = (data: Uint8Array): Record<string, unknown> =>
  JSON.parse(Buffer.from(data).toString()) as Record<string, unknown>;

interface Followed {
  taken: Uint8Array[];
  consumer: Consumer;
}

/** A plugin's side of the engine: what its handler gets of one record, and what it says of each. */
async function follow(id: string, decide = (): Outcome => ({ kind: 'done' })): Promise<Followed> {
  const store = await openStore({ url: 'sqlite::memory:', migrations: DELIVERY_MIGRATIONS });
  const taken: Uint8Array[] = [];
  const consumer: Consumer = await startConsumer(
    {
      ...{ name: `plugin-${id}`, description: 'a test', stream: 'CRM_EVENTS', filterSubject: `crm.*.*.*.*.${id}` },
      ...{ metadata: {}, version: '1', policy: { ...DEFAULT_POLICY, startFrom: 'all', ackWaitMs: 1_000 } },
      laneOf: ({ data }) => parseCheckedEvent(data).data.id,
      runHandler: ({ items }) => {
        taken.push(...items.map(({ data }) => data));
        return Promise.resolve(decide());
      },
    },
    { nats, store, log: quietLog, metrics: createMetrics({ app: 'publisher' }), onSettled: () => undefined },
  );
  closing.push(async () => {
    await consumer.stop({ graceMs: 0 });
    await store.close();
  });
  return { taken, consumer };
}

describe('what is larger than a message', () => {
  it('is stored, told and handled whole; the streams hold what is small', async () => {
    expect((await send('a')).status).toBe(202);
    const raw = await waitForMessage('CRM_RAW', 'raw.acme.*.contact.a');
    const event = await waitForMessage('CRM_EVENTS', 'crm.acme.*.contact.created.a');
    for (const { data } of [raw, event]) expect([data.length < 2_000, isClaimed(data)]).toEqual([true, true]);
    const seen = readJson(event.data);
    expect(seen).toMatchObject({ specversion: '1.0', type: 'crm.contact.created', subject: 'contact/a' });
    expect(seen).not.toHaveProperty('data');
    expect(seen['dataref']).toMatch(/^nats-object:\/\/mesh_claims\/[\da-f]{64}$/);
    expect(readJson(raw.data)).not.toHaveProperty('payload');

    const { taken } = await follow('a');
    await vi.waitFor(() => expect(taken).toHaveLength(1), { timeout: 10_000 });
    expect(parseCheckedEvent(taken[0]!).data).toMatchObject({ id: 'a', custom: { notes } });
    expect(readJson(taken[0]!)).not.toHaveProperty('dataref');
  });

  it('is in a ledger that is made anew from the log, also when its object is lost', async () => {
    await send('b');
    const { data } = await waitForMessage('CRM_EVENTS', 'crm.acme.*.contact.created.b');
    const key = { tenant: 'acme', connection: 'cloudevents', entity: 'contact', id: 'b' };
    const read = async (): Promise<object | undefined> => {
      const store = await openStore({ url: 'sqlite::memory:', migrations: LEDGER_MIGRATIONS });
      const ledger = await Ledger.open({ nats, store, log: quietLog });
      closing.push(() => store.close());
      closing.push(() => ledger.close());
      return ledger.get(key);
    };
    expect(await read()).toMatchObject({ version: 1, data: { custom: { notes } } });
    await nats.deleteClaim(String(readJson(data)['dataref']).slice(-64));
    expect(await read()).toMatchObject({ version: 1, state: 'present', data: { id: 'b' } });
  });

  it('is buried when its object is lost, once, and holds up nobody', async () => {
    await send('c');
    const { data } = await waitForMessage('CRM_EVENTS', 'crm.acme.*.contact.created.c');
    await nats.deleteClaim(String(readJson(data)['dataref']).slice(-64));
    const { taken } = await follow('c');
    const letter = await waitForMessage('CRM_DEAD', 'dead.plugin-c.>');
    expect(readJson(letter.data) as unknown as DeadLetter).toMatchObject({
      attemptCount: 1,
      error: { code: 'MESH_CLAIM_MISSING' },
    });
    expect(taken).toEqual([]);
  });

  it('is refused over the limit that is configured, before anything is stored', async () => {
    const before = await nats.listClaims();
    const answer = await send('d', { notes: 'We met at the fair. '.repeat(30_000) });
    expect([answer.status, (answer.body as { code: string }).code]).toEqual([413, 'MESH_MESSAGE_TOO_LARGE']);
    expect(await nats.listClaims()).toEqual(before);
  });
});

describe('objects', () => {
  const claim = (subject: string, storedAtMs: number): Claim => ({ name: 'n', subject, storedAtMs, bytes: 1 });
  const oldest = new Map([
    ['raw', 10 * HOUR_MS],
    ['crm', 2 * HOUR_MS],
  ]);

  it.each<[name: string, claim: Claim, outlived: boolean]>([
    ['of a notification that was trimmed', claim('raw.a.b.c.1', 8 * HOUR_MS), true],
    ['of one that may just have been stored', claim('raw.a.b.c.1', 9.5 * HOUR_MS), false],
    ['of an event that is still there', claim('crm.a.b.c.created.1', 8 * HOUR_MS), false],
    ['of something that we do not know', claim('', 0), false],
  ])('%s', (_name, one, outlived) => {
    expect(isOutlived(one, oldest)).toBe(outlived);
  });

  it('are deleted when no message names them any more', async () => {
    const nameOf = ({ subject }: Claim): string => subject;
    await send('e');
    await waitForMessage('CRM_EVENTS', 'crm.acme.*.contact.created.e');
    const all = (await nats.listClaims()).map(nameOf);
    expect(all).toEqual(expect.arrayContaining(['raw.acme.cloudevents.contact.e', 'raw.acme.cloudevents.contact.c']));
    const later = (): number => Date.now() + 2 * HOUR_MS;
    expect(await trimClaims(nats, later)).toBe(0);
    // The streams forget what they held.
    for (const stream of ['CRM_RAW', 'CRM_EVENTS'])
      await nats.purgeBelow(stream, (await nats.streamState(stream)).lastSequence + 1);
    expect(await trimClaims(nats, Date.now)).toBe(0);
    // Of what is buried a redrive may need the object.
    const letter = { subject: 'dead.normaliser.acme.cloudevents.contact.e', messageId: 'letter' };
    await nats.publish({ ...letter, payload: '{}' });
    expect(await trimClaims(nats, later)).toBeGreaterThan(2);
    expect((await nats.listClaims()).map(nameOf)).toEqual(['raw.acme.cloudevents.contact.e']);
  });

  it('stay while a dead letter or its redriven copy names them, and leave nothing behind', async () => {
    let isMended = false;
    const error = { name: 'Error', message: 'not yet' };
    await send('f');
    const { taken, consumer } = await follow('f', () => (isMended ? { kind: 'done' } : { kind: 'permanent', error }));
    const letter = await waitForMessage('CRM_DEAD', 'dead.plugin-f.>');
    const later = (): number => Date.now() + 2 * HOUR_MS;
    const forget = async (...streams: string[]): Promise<void> => {
      for (const stream of streams) await nats.purgeBelow(stream, (await nats.streamState(stream)).lastSequence + 1);
      await trimClaims(nats, later);
    };
    const listSubjects = async (): Promise<string[]> => (await nats.listClaims()).map(({ subject }) => subject);

    // The letter of another test goes with them.
    await nats.deleteMessage('CRM_DEAD', (await waitForMessage('CRM_DEAD', 'dead.normaliser.>')).sequence);
    await forget('CRM_RAW', 'CRM_EVENTS');
    expect(await listSubjects()).toEqual(['crm.acme.cloudevents.contact.created.f']);
    isMended = true;
    const redriven = await consumer.redrive({ sequences: [letter.sequence], by: 'me' });
    expect(redriven).toEqual({ redriven: [letter.sequence], missing: [] });
    await vi.waitFor(() => expect(taken).toHaveLength(2), { timeout: 10_000 });
    expect(parseCheckedEvent(taken[1]!).data).toMatchObject({ id: 'f', custom: { notes } });
    await forget('CRM_DEAD');
    expect(await listSubjects()).toEqual(['crm.acme.cloudevents.contact.created.f']);
    await forget('CRM_DIRECT');
    expect(await listSubjects()).toEqual([]);
    // Neither parts of objects nor notes of what was deleted.
    expect(await nats.streamState('OBJ_mesh_claims')).toMatchObject({ messages: 0 });
  });
});
