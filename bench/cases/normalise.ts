import type { BenchCase, Contest, OpenOptions } from '../src/bench-case.js';
import { Ground } from '../src/ground.js';
import { runWindow } from '../src/run-window.js';
import type { PublisherOptions } from '../src/publisher-server.js';
import { startPostgres, whyNoPostgres } from '../src/postgres.js';
import { signChange, WEBHOOK_PATH } from '../src/webhooks.js';
import { createReceiver } from '../references/receive-by-hand.js';
import { measurePublish, openPublisher, PUBLISH_WINDOW } from './publish.js';
import { startServer } from './webhook.js';

const CHANGES_PER_RECORD = 4;
const LIMIT_MS = 120_000;
const receive = await createReceiver('standard-webhooks', WEBHOOK_PATH);

/** CRM_RAW → CRM_EVENTS, fat notifications, ledger on SQLite; four changes of each record. */
export const normalise: BenchCase = {
  name: 'normalise',
  reference: 'our own raw publishing',
  unit: 'events/s',
  goal: { kind: 'ratio-at-least', target: 0.2 },
  events: 12_000,
  open: (options) => openNormalise(options),
};

/** The same with the ledger on PostgreSQL. */
export const normalisePostgres: BenchCase = {
  ...normalise,
  name: 'normalise-postgres',
  whyNot: whyNoPostgres,
  open: (options) => openNormalise(options, startPostgres),
};

async function openNormalise(
  { events, profileDir }: OpenOptions,
  openStore?: (ground: Ground) => Promise<string>,
): Promise<Contest> {
  const ground = await Ground.open();
  const store = await openStore?.(ground);
  await openNormaliser(ground, { profileDir, ...(store && { store }) });
  const raw = await openPublisher(ground, 'src/our-publisher', undefined);
  let runs = 0;
  return {
    measure: (side) => {
      const run = `n${(runs += 1)}`;
      return side === 'ours' ? measureNormalise(ground, events, run) : measurePublish(ground, raw, { events, run });
    },
    close: () => ground.close(),
  };
}

/** A publisher that leads the normaliser. */
export async function openNormaliser(
  ground: Ground,
  { profileDir, ...options }: Pick<OpenOptions, 'profileDir'> & Pick<PublisherOptions, 'store' | 'keepsRanges'>,
): Promise<void> {
  const publisher = await startServer(ground, 'src/publisher-server', { profileDir });
  const opened: PublisherOptions = { natsUrl: ground.natsUrl, folder: ground.temp.path, ...options };
  await publisher.call('open', opened);
  await ground.waitForDurable('CRM_RAW', 'normaliser');
}

/** Events a second, by the times at which the server stored the first and the last. */
export async function measureNormalise(ground: Ground, events: number, run: string): Promise<number> {
  await ground.clear('CRM_RAW', 'CRM_EVENTS');
  await ground.pause('CRM_RAW', 'normaliser');
  await storeNotifications(ground, events, run);
  await ground.resume('CRM_RAW', 'normaliser');
  await ground.waitForMessages('CRM_EVENTS', events, LIMIT_MS);
  await ground.waitUntilSettled('CRM_RAW', 'normaliser', LIMIT_MS);
  const { firstSequence, lastSequence } = await ground.nats.streamState('CRM_EVENTS');
  const first = await ground.nats.getMessage('CRM_EVENTS', firstSequence);
  const last = await ground.nats.getMessage('CRM_EVENTS', lastSequence);
  return (events - 1) / (Math.max(1, last!.storedAtMs - first!.storedAtMs) / 1_000);
}

/** As the publisher would store them. */
async function storeNotifications(ground: Ground, count: number, run: string): Promise<void> {
  await runWindow(count, PUBLISH_WINDOW, async (index) => {
    const recordId = `${run}-${Math.floor(index / CHANGES_PER_RECORD)}`;
    const version = (index % CHANGES_PER_RECORD) + 1;
    const { body, headers } = signChange(`${recordId}/${version}`, recordId, version);
    const messages = receive({ method: 'POST', url: WEBHOOK_PATH, headers, body: Buffer.from(body) });
    if (messages === undefined) throw new Error('our own signature was refused');
    await Promise.all(messages.map((message) => ground.nats.publish(message)));
  });
  await ground.expectMessages('CRM_RAW', count);
}
