import { HubspotConfig, hubspotSource } from '@crm-mesh/sources';
import { plainToInstance } from 'class-transformer';
import type { BenchCase, Contest, OpenOptions } from '../src/bench-case.js';
import { expectCount, Ground } from '../src/ground.js';
import type { PublisherOptions } from '../src/publisher-server.js';
import type { PortalAccess } from '../src/sandbox-server.js';
import type { Worker } from '../src/worker.js';
import type { ReadResult, ReadTask } from '../references/hubspot-sdk.js';
import { startServer } from './webhook.js';

const LIMIT_MS = 60_000;
const ENTITY = 'contact';
/** Rows of a page of HubSpot's search. What the first of them takes is part of no measurement. */
const PAGE = 200;
const MINUTE_MS = 60_000;
/** The publisher's clock goes so far forward for each poll, which is longer than what polls lie apart and overlap. */
const STEP_MS = 60 * MINUTE_MS;
const DECADE_MS = 3_650 * 24 * 60 * MINUTE_MS;

/** The publisher polls HubSpot and stores each row in CRM_RAW; another process leads the normaliser. */
export const poll: BenchCase = {
  name: 'poll',
  reference: 'a loop over @hubspot/api-client, same pages',
  unit: 'rows/s',
  goal: { kind: 'ratio-at-least', target: 0.8 },
  // The publisher stops polling where 10,000 wait.
  events: 6_000,
  open: openPoll,
};

/** The settings of a connection to the sandbox, which has no limits. */
export function configureHubspot({ apiUrl, accessToken }: PortalAccess): object {
  const rateLimit = { requests: 1_000_000, concurrent: 10, searchesPerSecond: 1_000 };
  return { clientSecrets: ['none'], accessToken, apiUrl, entities: [ENTITY], rateLimit };
}

interface Poll {
  ground: Ground;
  rows: number;
  sandbox: Worker;
  publisher: Worker;
  client: Worker;
  properties: string[];
}

async function openPoll({ events: rows, profileDir }: OpenOptions): Promise<Contest> {
  const ground = await Ground.open();
  await ground.holdNormaliser();
  const sandbox = await startServer(ground, 'src/sandbox-server');
  const access = await sandbox.call<PortalAccess>('open');
  const config = configureHubspot(access);
  const publisher = await startServer(ground, 'src/publisher-server', { profileDir });
  const opened: PublisherOptions = {
    natsUrl: ground.natsUrl,
    folder: ground.temp.path,
    connection: { source: 'hubspot', config, poll: { every: '30m', jitter: '0s', lookBack: '1s' } },
  };
  await publisher.call('open', opened);
  // Its clock is before the sandbox's: search is asked for nothing of the last ten seconds.
  await publisher.call('skip', { ms: MINUTE_MS });
  await sandbox.call('fill', { count: rows });
  const client = await startServer(ground, 'references/hubspot-sdk');
  await client.call('open', access);
  const properties = [...hubspotSource.reads!(ENTITY, plainToInstance(HubspotConfig, config))];
  const state: Poll = { ground, rows, sandbox, publisher, client, properties };
  return {
    measure: (side) => (side === 'ours' ? measurePoll(state) : measureLoop(state)),
    close: () => ground.close(),
  };
}

/** Rows a second, by the times at which the server stored the first and the last. */
async function measurePoll({ ground, rows, sandbox, publisher }: Poll): Promise<number> {
  // All rows lie in the publisher's next window, and in no other.
  await sandbox.call('touch', { skipMs: STEP_MS });
  await ground.clear('CRM_RAW');
  await publisher.call('skip', { ms: STEP_MS });
  await ground.waitForMessages('CRM_RAW', rows, LIMIT_MS);
  const { firstSequence, lastSequence, subjectCount } = await ground.nats.streamState('CRM_RAW');
  expectCount('different records in CRM_RAW', subjectCount, rows);
  const [first, last] = await Promise.all(
    [firstSequence, lastSequence].map((sequence) => ground.nats.getMessage('CRM_RAW', sequence)),
  );
  return (rows - PAGE) / ((last!.storedAtMs - first!.storedAtMs) / 1_000);
}

/** The same rows: there are no others. */
async function measureLoop({ client, properties, rows }: Poll): Promise<number> {
  const task: ReadTask = { fromMs: 0, toMs: Date.now() + DECADE_MS, properties };
  const read = await client.call<ReadResult>('read', task);
  expectCount('records that the loop read', read.rows, rows);
  return (rows - PAGE) / read.seconds;
}
