import { setTimeout as delay } from 'node:timers/promises';
import { MeshError, type MeshEvent } from '@crm-mesh/contract';
import type { HostStatus, PublisherStatus } from '@crm-mesh/control';
import type { Nats } from '@crm-mesh/jetstream';
import { askStatus } from '../mesh/control.js';
import { foldEvents, type FoldedEvents } from './fold-events.js';

/** What the mesh says of itself once nothing is under way. */
export interface Observed {
  publisher: PublisherStatus;
  host: HostStatus;
  /** In CRM_RAW. */
  stored: number;
  /** What CRM_EVENTS says, read from its beginning. */
  folded: FoldedEvents;
  deadLetters: number;
}

const POLL_MS = 200;
/** So many looks in a row must find everything at rest: an event may be between two streams at one of them. */
const QUIET_LOOKS = 5;

export async function observeSettled(nats: Nats, timeoutMs: number): Promise<Observed> {
  await untilSettled(nats, timeoutMs);
  return observe(nats);
}

/** Until every consumer has settled all that is in its stream; throws MESH_DEMO_FAILED when it takes too long. */
export async function untilSettled(nats: Nats, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (let quiet = 0; quiet < QUIET_LOOKS;) {
    const busy = await findBusy(nats);
    quiet = busy === undefined ? quiet + 1 : 0;
    if (busy !== undefined && performance.now() > deadline) {
      throw new MeshError('MESH_DEMO_FAILED', `The mesh was not done within ${timeoutMs / 1_000} s: ${busy}.`);
    }
    await delay(POLL_MS);
  }
}

/** What is still under way, if anything. */
async function findBusy(nats: Nats): Promise<string | undefined> {
  for (const stream of ['CRM_RAW', 'CRM_EVENTS', 'CRM_DIRECT']) {
    const durables = await nats.listDurables(stream);
    // To plugins alone nothing may ever be sent.
    if (durables.length === 0 && stream !== 'CRM_DIRECT') return `${stream} has no consumer yet`;
    const late = durables.find(({ pending, ackPending }) => pending + ackPending > 0);
    if (late) return `${late.name} has ${late.pending} waiting and ${late.ackPending} in hand`;
  }
  const { publisher, host } = await askBoth(nats);
  const consumers = [...publisher.consumers, ...host.plugins.flatMap(({ consumer }) => consumer ?? [])];
  const parked = consumers.find(({ parkedMessages, held }) => parkedMessages + held > 0);
  return parked && `${parked.name} waits for its next attempt`;
}

async function observe(nats: Nats): Promise<Observed> {
  const { messages: stored } = await nats.streamState('CRM_RAW');
  const { messages: deadLetters } = await nats.streamState('CRM_DEAD');
  return { ...(await askBoth(nats)), stored, deadLetters, folded: foldEvents(await readEvents(nats)) };
}

async function askBoth(nats: Nats): Promise<{ publisher: PublisherStatus; host: HostStatus }> {
  const publisher = await askStatus<PublisherStatus>(nats, 'publisher');
  const host = await askStatus<HostStatus>(nats, 'host');
  if (!publisher || !host) throw new MeshError('MESH_DEMO_FAILED', 'The publisher or the host does not answer.');
  return { publisher, host };
}

async function readEvents(nats: Nats): Promise<MeshEvent[]> {
  const events: MeshEvent[] = [];
  for await (const { data } of nats.readStream('CRM_EVENTS', { fromSequence: 1 })) {
    events.push(JSON.parse(new TextDecoder().decode(data)) as MeshEvent);
  }
  return events;
}
