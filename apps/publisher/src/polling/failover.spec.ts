import { parseNotification } from '@crm-mesh/contract/checking';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { openStore } from '@crm-mesh/store';
import {
  findPostgresBinaries,
  startTestNats,
  startTestPostgres,
  type TestNats,
  type TestPostgres,
} from '@crm-mesh/testing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { makeSource, startPollers, TestCrm, type RunningPollers } from './polling.fixture.js';

const WAIT = { timeout: 30_000, interval: 20 };
const absent = await findPostgresBinaries().then(
  () => undefined,
  (error: unknown) => String(error),
);
if (absent !== undefined) console.warn(`NOT TESTED: two publishers on one PostgreSQL: ${absent}`);

describe.skipIf(absent !== undefined)('two publishers on one PostgreSQL', () => {
  const crm = new TestCrm();
  let server: TestNats;
  let postgres: TestPostgres;
  let nats: Nats;
  const publishers: RunningPollers[] = [];

  beforeAll(async () => {
    await crm.start();
    [server, postgres] = await Promise.all([startTestNats(), startTestPostgres()]);
    nats = await connectNats({ name: 'failover-spec', url: server.url });
    await ensureStreams(nats);
    const store = await openStore({ url: postgres.urlOf('public'), migrations: [] });
    await store.write((tx) => tx.run('CREATE SCHEMA pollers'));
    await store.close();
  }, 60_000);
  afterAll(async () => {
    for (const publisher of publishers) await publisher.stop();
    await nats.close();
    await postgres.stop();
    await server.stop();
    await crm.stop();
  });

  async function start(holder: string): Promise<RunningPollers> {
    const storeUrl = postgres.urlOf('pollers');
    const poll = { entities: ['contact'], every: 60_000 };
    const publisher = await startPollers({ url: server.url, storeUrl, source: makeSource(crm), poll, holder });
    publishers.push(publisher);
    return publisher;
  }

  async function readIds(): Promise<string[]> {
    const ids: string[] = [];
    for await (const { data } of nats.readStream('CRM_RAW', { fromSequence: 1 })) ids.push(parseNotification(data).id);
    return ids;
  }

  it('the second goes on in the middle of a window: nothing lost, at most a page asked for twice', async () => {
    for (let n = 10; n < 30; n += 1) crm.put('contact', `c${n}`, `name ${n}`);
    // The fourth page never comes to whoever asks for it first.
    let pages = 0;
    crm.onRequest = () => {
      pages += 1;
      return pages === 4 ? new Promise(() => undefined) : undefined;
    };
    const first = await start('first');
    await vi.waitFor(() => expect(pages).toBe(4), WAIT);
    const second = await start('second');
    await vi.waitFor(
      async () => expect((await second.pollers.status())[0]).toMatchObject({ leads: false, holder: 'first' }),
      WAIT,
    );
    await first.kill();
    await vi.waitFor(async () => {
      const [status] = await second.pollers.status();
      expect(status).toMatchObject({ leads: true, holder: 'second', polls: [{ coveredTo: expect.any(String) }] });
    }, WAIT);
    const ids = await readIds();
    expect(ids.toSorted()).toEqual(crm.rows.map(({ id }) => id).toSorted());
    const cursors = crm.asked.map(({ cursor }) => cursor);
    expect(cursors.length - new Set(cursors).size).toBe(1);
    // The second asked with the edges of the first.
    expect(new Set(crm.asked.map(({ from, to }) => `${from}-${to}`)).size).toBe(1);
  });

  it('what is published and not written down is told again, and is the same', async () => {
    crm.asked.length = 0;
    crm.onRequest = () => undefined;
    const last = publishers.at(-1)!;
    const before = (await readIds()).length;
    // Stored, and then the end comes before the cursor is: as after a kill between the two.
    await last.store.write((tx) => tx.run(`UPDATE publisher_cursors SET state = '{}'`));
    await last.kill();
    const third = await start('third');
    await vi.waitFor(async () => {
      expect((await third.pollers.status())[0]).toMatchObject({
        leads: true,
        polls: [{ coveredTo: expect.any(String) }],
      });
    }, WAIT);
    expect(crm.asked.length).toBe(10);
    expect((await readIds()).length).toBe(before);
  });
});
