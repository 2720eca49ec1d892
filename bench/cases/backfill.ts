import { setTimeout as delay } from 'node:timers/promises';
import { requestControl } from '@crm-mesh/jetstream';
import type { BenchCase, Contest, OpenOptions } from '../src/bench-case.js';
import { CONNECTION, TENANT } from '../src/crm-messages.js';
import { expectCount, Ground } from '../src/ground.js';
import type { PublisherOptions } from '../src/publisher-server.js';
import type { PortalAccess } from '../src/sandbox-server.js';
import { watchRss, type RssWatch } from '../src/watch-rss.js';
import { startWorker, type Worker } from '../src/worker.js';
import { configureHubspot } from './poll.js';

const RECORDS = 1_000_000;
/** Made in one call of the sandbox. */
const MADE_AT_ONCE = 20_000;
/** Its records lie in memory. */
const SANDBOX_HEAP_MB = 12_000;
const LOOK_MS = 200;
/** Nothing came for so long: it will not come. */
const STALLED_MS = 120_000;
const ENTITY = 'contact';
/** The publisher is killed when so much has come. */
const KILLS = [1 / 3, 2 / 3];

/** A whole CRM by the publisher, killed twice; the largest resident memory against that of the first tenth. */
export const backfill: BenchCase = {
  name: 'backfill',
  reference: 'its first tenth',
  unit: 'MB',
  goal: { kind: 'ratio-at-most', target: 1.5 },
  events: RECORDS,
  onlyNamed: true,
  once: true,
  open: openBackfill,
};

async function openBackfill({ records = RECORDS, profileDir }: OpenOptions): Promise<Contest> {
  const ground = await Ground.open();
  const sandbox = startWorker('src/sandbox-server', { heapMb: SANDBOX_HEAP_MB });
  ground.onClose(() => sandbox.stop());
  const access = await sandbox.call<PortalAccess>('open');
  for (let made = 0; made < records; made += MADE_AT_ONCE)
    await sandbox.call('fill', { count: Math.min(MADE_AT_ONCE, records - made) });
  const lives = new Lives(ground, access, profileDir);
  ground.onClose(() => lives.end());
  const report: string[] = [];
  let earlyMb = 0;
  return {
    measure: async (side) => {
      if (side === 'reference') return earlyMb;
      const begunMs = performance.now();
      earlyMb = await load(ground, records, lives);
      const seconds = (performance.now() - begunMs) / 1_000;
      report.push(`${records} records in ${Math.round(seconds)} s, ${Math.round(records / seconds)} a second`);
      report.push(`largest resident memory of each life: ${lives.mostMb.map(Math.round).join(', ')} MB`);
      report.push(`at each tenth, with the time since the sandbox was full: ${lives.tenths.join(', ')}`);
      report.push(`the sandbox took ${Math.round(await sandbox.readRssMb())} MB`);
      return Math.max(...lives.mostMb);
    },
    report: () => report,
    close: () => ground.close(),
  };
}

/** Resolves to the largest resident memory by when a tenth had come. */
async function load(ground: Ground, records: number, lives: Lives): Promise<number> {
  await lives.begin();
  await begin(ground);
  await untilEvents(ground, records / 10);
  const earlyMb = lives.mostMb[0]!;
  for (let tenth = 1; tenth <= 10; tenth += 1) {
    for (const share of KILLS.filter((kill) => Math.ceil(kill * 10) === tenth)) {
      await untilEvents(ground, records * share);
      const { messages } = await ground.nats.streamState('CRM_EVENTS');
      if (messages >= records) throw new Error('all was there before the publisher could be killed: take more records');
      await lives.kill();
      await lives.begin();
    }
    await untilEvents(ground, (records * tenth) / 10);
    await lives.noteTenth();
  }
  await untilOver(ground);
  await ground.waitUntilSettled('CRM_RAW', 'normaliser', STALLED_MS);
  await lives.end();
  await expectEachOnce(ground, records);
  return earlyMb;
}

/** A publisher listens a moment after it is ready. */
async function begin(ground: Ground): Promise<void> {
  const order = { tenant: TENANT, connection: CONNECTION, entities: [ENTITY], by: 'bench' };
  const deadlineMs = performance.now() + STALLED_MS;
  for (;;) {
    try {
      return void (await requestControl(ground.nats, 'publisher', 'backfill', order));
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await delay(LOOK_MS);
    }
  }
}

/** The publisher, one process after the other on the same store. */
class Lives {
  #worker: Worker | undefined;
  readonly #watches: RssWatch[] = [];
  readonly #begunMs = performance.now();
  /** At each tenth of the records: seconds, and resident memory. */
  readonly tenths: string[] = [];

  constructor(
    private readonly ground: Ground,
    private readonly access: PortalAccess,
    private readonly profileDir: string | undefined,
  ) {}

  /** The largest resident memory of each, so far. */
  get mostMb(): number[] {
    return this.#watches.map(({ mostMb }) => mostMb);
  }

  async begin(): Promise<void> {
    const { ground, access, profileDir } = this;
    const worker = (this.#worker = startWorker('src/publisher-server', { profileDir }));
    const opened: PublisherOptions = {
      natsUrl: ground.natsUrl,
      folder: ground.temp.path,
      connection: { source: 'hubspot', config: configureHubspot(access) },
    };
    await worker.call('open', opened);
    this.#watches.push(watchRss(worker));
  }

  async noteTenth(): Promise<void> {
    const seconds = Math.round((performance.now() - this.#begunMs) / 1_000);
    this.tenths.push(`${seconds} s ${Math.round(await this.#worker!.readRssMb())} MB`);
  }

  async kill(): Promise<void> {
    await this.#watches.at(-1)!.stop();
    await this.#worker!.kill();
  }

  async end(): Promise<void> {
    await this.#watches.at(-1)?.stop();
    await this.#worker?.stop();
  }
}

/** Until CRM_EVENTS holds so many. Rejects when nothing comes any more. */
async function untilEvents(ground: Ground, wanted: number): Promise<void> {
  let found = -1;
  let cameMs = performance.now();
  while (found < wanted) {
    const { messages } = await ground.nats.streamState('CRM_EVENTS');
    if (messages !== found) cameMs = performance.now();
    else if (performance.now() - cameMs > STALLED_MS) expectCount('messages in CRM_EVENTS', found, Math.ceil(wanted));
    found = messages;
    await delay(LOOK_MS);
  }
}

interface SourceState {
  backfill?: { ended?: { how: string } };
}

async function untilOver(ground: Ground): Promise<void> {
  const deadlineMs = performance.now() + STALLED_MS;
  while (performance.now() < deadlineMs) {
    const [source] = await requestControl<SourceState[]>(ground.nats, 'publisher', 'sources');
    if (source?.backfill?.ended?.how === 'over') return;
    await delay(LOOK_MS);
  }
  throw new Error('the backfill does not end');
}

/** Nothing lost, nothing doubled. */
async function expectEachOnce(ground: Ground, records: number): Promise<void> {
  await ground.expectMessages('CRM_EVENTS', records);
  const ids = new Set<string>();
  for await (const { data } of ground.nats.readStream('CRM_EVENTS', { fromSequence: 1 }))
    ids.add((JSON.parse(Buffer.from(data).toString()) as { data: { id: string } }).data.id);
  expectCount('different records in CRM_EVENTS', ids.size, records);
}
