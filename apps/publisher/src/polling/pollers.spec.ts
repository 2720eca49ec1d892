import type { MeshEvent } from '@crm-mesh/contract';
import type { BackfillState, SourceStatus } from '@crm-mesh/control';
import { connectNats, requestControl, requestEvery, type Nats } from '@crm-mesh/jetstream';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeConfig, quietLog, type TestConfig } from '../publisher.fixture.js';
import { startPublisher, type PublisherOptions, type RunningPublisher } from '../start-publisher.js';
import type { BackfillAudit } from './backfill.js';
import { connectionOf, makeSource, TestCrm, type Row } from './polling.fixture.js';

const WAIT = { timeout: 20_000, interval: 20 };
const crm = new TestCrm();
let test: TestConfig;
let server: TestNats;
let nats: Nats;
let publisher: RunningPublisher;

beforeAll(async () => {
  await crm.start();
  server = await startTestNats();
  nats = await connectNats({ name: 'pollers-spec', url: server.url });
  test = makeConfig({ connections: [] });
  publisher = await start();
});
afterAll(async () => {
  await publisher.stop();
  await nats.close();
  await server.stop();
  await crm.stop();
  test.remove();
});
afterEach(() => {
  crm.onRequest = () => undefined;
});

function start(part: Partial<PublisherOptions> = {}): Promise<RunningPublisher> {
  const config = { ...test.config, connections: [connectionOf({ webhookGrace: 300 })] };
  return startPublisher({ config, nats: { url: server.url }, log: quietLog, sources: [makeSource(crm)], ...part });
}

async function readEvents(entity: string, id: string): Promise<MeshEvent[]> {
  const events: MeshEvent[] = [];
  const filterSubject = `crm.acme.crm.${entity}.*.${id}`;
  for await (const { data } of nats.readStream('CRM_EVENTS', { fromSequence: 1, filterSubject }))
    events.push(JSON.parse(Buffer.from(data).toString()) as MeshEvent);
  return events;
}

/** Everything that is in CRM_RAW is dealt with. */
async function untilSettled(): Promise<void> {
  await vi.waitFor(async () => {
    const { lastSequence } = await nats.streamState('CRM_RAW');
    const state = await nats.durableState('CRM_RAW', 'normaliser');
    expect([state?.pending, state?.ackPending, state?.ackFloorSequence]).toEqual([0, 0, lastSequence]);
  }, WAIT);
}

async function sendWebhook(...rows: Row[]): Promise<void> {
  const body = JSON.stringify(rows);
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${publisher.url}/webhooks/acme/crm`, { method: 'POST', headers, body });
  expect(response.status).toBe(202);
}

async function readStatus(): Promise<SourceStatus> {
  const [[status] = []] = await requestEvery<SourceStatus[]>(nats, 'publisher', 'sources');
  return status!;
}

describe('a poll', () => {
  it('tells what changed, once each, over pages and windows', async () => {
    for (const id of ['p1', 'p2', 'p3', 'p4', 'p5']) crm.put('contact', id, `name ${id}`);
    await vi.waitFor(async () => expect(await readEvents('contact', 'p5')).toHaveLength(1), WAIT);
    crm.put('contact', 'p3', 'another name');
    await vi.waitFor(async () => expect(await readEvents('contact', 'p3')).toHaveLength(2), WAIT);
    await untilSettled();
    expect(await readEvents('contact', 'p1')).toMatchObject([
      { type: 'crm.contact.created', origin: 'poll', data: { lastName: 'name p1' } },
    ]);
    // All pages of a window have the same edges.
    const windows = new Map<string, Set<number>>();
    for (const { path, entity, cursor, from, to } of crm.asked)
      if (path === '/changes' && cursor !== null)
        windows.set(`${entity} ${from}`, (windows.get(`${entity} ${from}`) ?? new Set()).add(to));
    expect(windows.size).toBeGreaterThan(0);
    for (const ends of windows.values()) expect(ends.size).toBe(1);
  });

  it('and a webhook that tell the same make one event', async () => {
    const row = crm.put('company', 'w1', 'Kiln');
    await sendWebhook(row);
    await vi.waitFor(async () => expect((await readEvents('company', 'w1')).length).toBeGreaterThan(0), WAIT);
    const asked = crm.asked.length;
    await vi.waitFor(() => expect(crm.asked.length).toBeGreaterThan(asked + 4), WAIT);
    await untilSettled();
    expect(await readEvents('company', 'w1')).toHaveLength(1);
  });

  it('of one entity that fails keeps no other from going on, and shows in the status', async () => {
    crm.onRequest = ({ entity }) => (entity === 'company' ? 503 : undefined);
    crm.put('company', 'f1', 'Away');
    crm.put('contact', 'f2', 'Here');
    await vi.waitFor(async () => expect(await readEvents('contact', 'f2')).toHaveLength(1), WAIT);
    const { polls } = await readStatus();
    expect(polls.find(({ entity }) => entity === 'company')).toMatchObject({
      state: 'failing',
      error: { message: 'the CRM says 503' },
    });
    expect(polls.find(({ entity }) => entity === 'contact')).toMatchObject({ work: 'poll', failures: 0 });
    crm.onRequest = () => undefined;
    await vi.waitFor(async () => expect(await readEvents('company', 'f1')).toHaveLength(1), WAIT);
  });

  it('passes over what can never be stored, and takes the rest of the page', async () => {
    crm.put('contact', 'x'.repeat(300), 'Too long');
    crm.put('contact', 'y1', 'Fits');
    await vi.waitFor(async () => expect(await readEvents('contact', 'y1')).toHaveLength(1), WAIT);
    crm.rows.splice(
      crm.rows.findIndex(({ name }) => name === 'Too long'),
      1,
    );
  });

  it('shows how far it is, what it listens to, and which webhooks failed to come', async () => {
    const status = await vi.waitFor(async () => {
      const now = await readStatus();
      expect(now.webhooks!.missed).toBeGreaterThan(0);
      return now;
    }, WAIT);
    expect(status).toMatchObject({
      leads: true,
      listens: { webhook: '/webhooks/acme/crm', poll: 'every 50 ms' },
      polls: [{ entity: 'company' }, { entity: 'contact' }],
    });
    expect(status.webhooks!.missed).toBeLessThanOrEqual(status.webhooks!.events);
    expect(Date.parse(status.polls[0]!.coveredTo!)).toBeGreaterThan(Date.now() - 60_000);
    const metrics = await (await fetch(`${publisher.url}/metrics`)).text();
    expect(metrics).toMatch(/mesh_webhooks_missed_total\{.*connection="crm".*\} [1-9]/);
    expect(metrics).toMatch(/mesh_source_pages_total\{.*work="poll".*\} [1-9]/);
  });

  it('goes on where it was when the publisher starts again', async () => {
    await publisher.stop();
    crm.put('contact', 'later', 'While it was away');
    crm.asked.length = 0;
    publisher = await start();
    await vi.waitFor(async () => expect(await readEvents('contact', 'later')).toHaveLength(1), WAIT);
    const first = crm.asked.find(({ entity }) => entity === 'contact')!;
    expect(first.to - first.from).toBeLessThan(60_000);
  });
});

describe('a backfill', () => {
  const ask = (entities?: string[]) =>
    requestControl<BackfillState>(nats, 'publisher', 'backfill', {
      ...{ tenant: 'acme', connection: 'crm', by: 'ann' },
      ...(entities ? { entities } : {}),
    });
  const untilEnded = (run: string) =>
    vi.waitFor(async () => {
      const { backfill } = await readStatus();
      expect(backfill).toMatchObject({ run, ended: { how: expect.any(String) } });
      return backfill!;
    }, WAIT);

  async function readAudit(run: string): Promise<BackfillAudit[]> {
    const found: BackfillAudit[] = [];
    for await (const { data } of nats.readStream('CRM_AUDIT', { fromSequence: 1, filterSubject: 'audit.backfill.>' }))
      found.push(JSON.parse(Buffer.from(data).toString()) as BackfillAudit);
    return found.filter((entry) => entry.run === run);
  }

  it('loads what there is; what is newer by webhook wins', async () => {
    const old = Date.now() - 86_400_000 * 30;
    for (let n = 1; n <= 7; n += 1) crm.put('company', `b${n}`, `Old ${n}`, old);
    const [newest, stale] = [Date.now(), old];
    await sendWebhook({ entity: 'company', id: 'b3', name: 'New', modifiedMs: newest });
    await vi.waitFor(async () => expect(await readEvents('company', 'b3')).toHaveLength(1), WAIT);
    crm.put('company', 'b3', 'Old 3', stale);
    const { run } = await ask(['company']);
    // While one runs, asking for the same is that one.
    const { entities } = await untilEnded(run);
    expect(entities).toMatchObject([{ entity: 'company', isDone: true }]);
    expect(entities[0]!.records).toBe(entities[0]!.total);
    await untilSettled();
    expect(await readEvents('company', 'b1')).toMatchObject([{ origin: 'backfill', data: { name: 'Old 1' } }]);
    expect(await readEvents('company', 'b3')).toMatchObject([{ origin: 'webhook', data: { name: 'New' } }]);
    expect(await readAudit(run)).toMatchObject([
      { phase: 'begun', by: 'ann', connection: 'crm' },
      { phase: 'over', records: { company: entities[0]!.records } },
    ]);
  });

  it('runs alone for its connection, shows its progress, and goes on after a restart', async () => {
    crm.asked.length = 0;
    let scanned = 0;
    crm.onRequest = ({ path }) => {
      if (path !== '/scan') return undefined;
      scanned += 1;
      // The third page never comes, until the publisher has started again.
      return scanned === 3 ? new Promise(() => undefined) : undefined;
    };
    const { run } = await ask(['company']);
    await vi.waitFor(() => expect(scanned).toBe(3), WAIT);
    expect(await ask(['company'])).toMatchObject({ run });
    await expect(ask(['contact'])).rejects.toThrow('A backfill of acme/crm runs already, for company.');
    expect((await readStatus()).backfill).toMatchObject({
      perMinute: expect.any(Number),
      entities: [{ records: 4, total: expect.any(Number) }],
    });
    await publisher.stop();
    const before = crm.asked.filter(({ path }) => path === '/scan').at(-1)!.cursor;
    publisher = await start();
    const { entities } = await untilEnded(run);
    expect(entities[0]!.records).toBe(entities[0]!.total);
    expect(crm.asked.filter(({ path, cursor }) => path === '/scan' && cursor === before)).toHaveLength(2);
  });

  it('can be cancelled, and asks for what there is', async () => {
    crm.onRequest = ({ path }) => (path === '/scan' ? 503 : undefined);
    const { run } = await ask();
    const cancelled = await requestControl(nats, 'publisher', 'backfill-cancel', { tenant: 'acme', connection: 'crm' });
    expect(cancelled).toMatchObject({ run, ended: { how: 'cancelled' } });
    await vi.waitFor(async () => expect((await readAudit(run)).at(-1)?.phase).toBe('cancelled'), WAIT);
    await expect(ask(['note'])).rejects.toThrow('has no entity "note" to load');
    await expect(
      requestControl(nats, 'publisher', 'backfill', { tenant: 'acme', connection: 'shop', by: 'ann' }),
    ).rejects.toThrow('There is no connection acme/shop');
  });
});
