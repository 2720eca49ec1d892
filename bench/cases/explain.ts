import { rawSubject } from '@crm-mesh/contract';
import { requestControl, requestEvery, type Nats } from '@crm-mesh/jetstream';
import type { BenchCase, Contest, OpenOptions } from '../src/bench-case.js';
import { CONNECTION, makeEvent, TENANT } from '../src/crm-messages.js';
import { expectCount, Ground } from '../src/ground.js';
import { PLUGIN } from '../src/host-server.js';
import type { PublisherOptions } from '../src/publisher-server.js';
import { startServer } from './webhook.js';

const RECORDS = 1_000_000;
const PUBLISHED_AT_ONCE = 1_000;
/** So many records are asked for, spread over all of them; each has three more versions than the others. */
const ASKED = 50;
const MORE_VERSIONS = [2, 3, 4];
/** A publisher first reads all that it does not know. */
const LIMIT_MS = 1_800_000;
const TIMEOUT_MS = 30_000;

/** What `mesh explain` asks of publisher and host about one record of a million: the slowest of 50. */
export const explain: BenchCase = {
  name: 'explain',
  reference: 'the same apps, asked how they are',
  unit: 'ms more',
  goal: { kind: 'more-at-most', target: 1_000 },
  events: ASKED,
  onlyNamed: true,
  once: true,
  open: openExplain,
};

interface History {
  events: { version: number }[];
  notifications: unknown[];
}

interface Trace {
  consumer: string;
  state: string;
  items: { verdict: string }[];
}

interface Answer {
  plugins: Trace[];
}

interface Asked {
  publisherMs: number;
  wholeMs: number;
}

async function openExplain({ events: asked, records = RECORDS, profileDir }: OpenOptions): Promise<Contest> {
  const ground = await Ground.open();
  // The notifications are there to be found; nobody is to make events of them.
  await ground.holdNormaliser();
  await fill(ground, records);
  const publisher = await startServer(ground, 'src/publisher-server', { profileDir });
  await publisher.call('open', { natsUrl: ground.natsUrl, folder: ground.temp.path } satisfies PublisherOptions);
  await waitForLedger(ground.nats, records);
  const host = await startServer(ground, 'src/host-server', { profileDir });
  await host.call('open', { natsUrl: ground.natsUrl, folder: ground.temp.path });
  const ids = Array.from({ length: asked }, (_, index) => nameRecord(Math.floor((index * records) / asked)));
  for (const version of MORE_VERSIONS) for (const id of ids) await ground.nats.publish(makeEvent({ id, version }));
  await ground.waitUntilSettled('CRM_EVENTS', PLUGIN, LIMIT_MS);
  let told: Asked[] = [];
  return {
    measure: async (side) => {
      if (side === 'reference') return Math.max(...(await askStatus(ground.nats, ids.length)));
      told = [];
      for (const id of ids) told.push(await askRecord(ground.nats, id));
      return Math.max(...told.map(({ wholeMs }) => wholeMs));
    },
    report: () => describeAnswers(told, records),
    close: () => ground.close(),
  };
}

const nameRecord = (index: number): string => `explain-${index}`;

/** An event and a notification of each record. */
async function fill({ nats }: Ground, records: number): Promise<void> {
  for (let start = 0; start < records; start += PUBLISHED_AT_ONCE) {
    const length = Math.min(PUBLISHED_AT_ONCE, records - start);
    await Promise.all(
      Array.from({ length }, async (_, index) => {
        const id = nameRecord(start + index);
        await nats.publish(makeEvent({ id, version: 1 }));
        await nats.publish(makeNotification(id));
      }),
    );
  }
}

function makeNotification(id: string) {
  const key = { tenant: TENANT, connection: CONNECTION, entity: 'deal', id };
  const said = { change: 'created', origin: 'webhook', receivedAt: new Date().toISOString(), verifiedBy: 'bench' };
  const payload = JSON.stringify({ ...key, ...said, dedupeKey: id, payload: {} });
  return { subject: rawSubject(key), payload, messageId: `raw/${id}` };
}

async function waitForLedger(nats: Nats, records: number): Promise<void> {
  const deadlineMs = performance.now() + LIMIT_MS;
  let known = 0;
  while (performance.now() < deadlineMs && known < records) {
    const status = await requestControl<{ ledger: { records: number } }>(nats, 'publisher', 'status').catch(() => null);
    known = status?.ledger.records ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  expectCount('records in the ledger', known, records);
}

/** As the command does: first the publisher, then all hosts, of which nobody says how many there are. */
async function askRecord(nats: Nats, id: string): Promise<Asked> {
  const startedMs = performance.now();
  const record = `${TENANT}/${CONNECTION}/deal/${id}`;
  const history = await requestControl<History>(nats, 'publisher', 'explain', { record }, { timeoutMs: TIMEOUT_MS });
  const publisherMs = performance.now() - startedMs;
  const isRun = ({ consumer, state }: Trace): boolean => consumer === PLUGIN && state === 'running';
  const isEnough = (answers: readonly Answer[]): boolean => answers.some(({ plugins }) => plugins.some(isRun));
  const options = { timeoutMs: TIMEOUT_MS, isEnough };
  const hosts = await requestEvery<Answer>(nats, 'host', 'explain', { record }, options);
  const wholeMs = performance.now() - startedMs;
  expectCount(`events of ${id}`, history.events.length, 1 + MORE_VERSIONS.length);
  expectCount(`notifications of ${id}`, history.notifications.length, 1);
  const items = hosts[0]?.plugins.find(({ consumer }) => consumer === PLUGIN)?.items ?? [];
  const settled = items.filter(({ verdict }) => verdict === 'done' || verdict === 'settled').length;
  expectCount(`events of ${id} that the plugin has done`, settled, MORE_VERSIONS.length);
  return { publisherMs, wholeMs };
}

async function askStatus(nats: Nats, times: number): Promise<number[]> {
  const took: number[] = [];
  while (took.length < times) {
    const startedMs = performance.now();
    await requestControl(nats, 'publisher', 'status', {}, { timeoutMs: TIMEOUT_MS });
    await requestEvery(nats, 'host', 'status', {}, { timeoutMs: TIMEOUT_MS });
    took.push(performance.now() - startedMs);
  }
  return took;
}

function describeAnswers(told: readonly Asked[], records: number): string[] {
  const middleOf = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
  const publisherMs = told.map((each) => each.publisherMs);
  const wholeMs = told.map((each) => each.wholeMs);
  const text = (values: number[]): string =>
    `median ${middleOf(values).toFixed(1)} ms, slowest ${Math.max(...values).toFixed(1)} ms`;
  return [
    `${told.length} of ${records.toLocaleString('en-US')} records`,
    `the publisher: ${text(publisherMs)}`,
    `with the host: ${text(wholeMs)}`,
  ];
}
