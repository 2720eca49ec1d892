import { join } from 'node:path';
import { DELIVERY_MIGRATIONS } from '@crm-mesh/delivery';
import { openStore } from '@crm-mesh/store';
import type { BenchCase, Contest, OpenOptions } from '../src/bench-case.js';
import { makeEvent, makeEvents } from '../src/crm-messages.js';
import { expectCount, Ground } from '../src/ground.js';
import { measureDrain, openHostFollower, prepare, publishAll, type Follower } from './drain.js';

const MANY = 1_000_000;
const FEW = 10_000;
const PUBLISHED_AT_ONCE = 50_000;

/** What an event costs, with the inbox on SQLite, when 1,000,000 records have been seen. */
export const handle1m: BenchCase = {
  name: 'handle-1m',
  reference: 'the same host, 10,000 records seen',
  unit: 'µs an event',
  goal: { kind: 'ratio-at-most', target: 1.15 },
  events: 5_000,
  open: openHandle1m,
};

interface Way {
  ground: Ground;
  host: Follower;
  records: number;
}

async function openHandle1m({ events, seen = MANY, profileDir }: OpenOptions): Promise<Contest> {
  const ours = await openWay(seen, profileDir);
  const reference = await openWay(FEW, profileDir);
  let runs = 0;
  return {
    measure: (side) => measureWay(side === 'ours' ? ours : reference, events, (runs += 1)),
    close: async () => {
      await ours.ground.close();
      await reference.ground.close();
    },
  };
}

/** The stream holds an event of each record, and the inbox has its row: only the runs of the handler are left out. */
async function openWay(records: number, profileDir: string | undefined): Promise<Way> {
  const ground = await Ground.open();
  for (let start = 0; start < records; start += PUBLISHED_AT_ONCE) {
    const count = Math.min(PUBLISHED_AT_ONCE, records - start);
    await publishAll(ground, makeEvents(count, { run: nameOfRun(start / PUBLISHED_AT_ONCE) }));
  }
  await ground.expectMessages('CRM_EVENTS', records);
  const store = `sqlite:${join(ground.temp.path, 'host.db')}`;
  await writeInbox(ground, store, records);
  const delivery = { isolation: 'inline', startFrom: { sequence: records + 1 } };
  return { ground, records, host: await openHostFollower(ground, profileDir, { store, delivery }) };
}

const nameOfRun = (part: number): string => `seen${part}`;

/** As the engine writes it: one row for each event that is done. */
async function writeInbox(ground: Ground, url: string, count: number): Promise<void> {
  const { incarnation } = await ground.nats.streamState('CRM_EVENTS');
  const store = await openStore({ url, migrations: DELIVERY_MIGRATIONS });
  const rows = await store.write((tx) =>
    tx.run(
      `WITH RECURSIVE seen(sequence) AS (SELECT 1 UNION ALL SELECT sequence + 1 FROM seen WHERE sequence < ?)
       INSERT INTO delivery_inbox (consumer, stream, incarnation, sequence, done_at_ms)
       SELECT 'bench', 'CRM_EVENTS', ?, sequence, ? FROM seen`,
      [count, incarnation, Date.now()],
    ),
  );
  await store.close();
  expectCount('rows in the inbox', rows, count);
}

/** Microseconds an event: the next change of records that were seen, spread over all of them. */
async function measureWay({ ground, host, records }: Way, events: number, run: number): Promise<number> {
  await prepare(ground, [host]);
  const stride = Math.floor(records / events);
  await publishAll(ground, makeChanges(events, { stride, version: run + 1 }));
  return 1e6 / (await measureDrain(ground, host, events));
}

function makeChanges(count: number, { stride, version }: { stride: number; version: number }) {
  return Array.from({ length: count }, (_, index) => {
    const record = index * stride;
    const part = Math.floor(record / PUBLISHED_AT_ONCE);
    return makeEvent({ id: `${nameOfRun(part)}-${record % PUBLISHED_AT_ONCE}`, version });
  });
}
