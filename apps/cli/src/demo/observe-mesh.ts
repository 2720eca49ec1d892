import { setTimeout as delay } from 'node:timers/promises';
import { MeshError, type MeshEvent } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import { askStatus, type HostStatus, type PublisherStatus } from '../mesh/control.js';
import { foldEvents, type FoldedEvents } from './fold-events.js';

/** What the mesh says of itself once nothing is under way. */
export interface Observed {
  publisher: PublisherStatus;
  host: HostStatus;
  stored: number;
  folded: FoldedEvents;
  deadLetters: number;
}

const POLL_MS = 250;

/** Waits until every consumer has settled all that is in its stream; throws MESH_DEMO_FAILED when it takes too long. */
export async function observeSettled(nats: Nats, timeoutMs: number): Promise<Observed> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const unsettled = await findUnsettled(nats);
    if (unsettled === undefined) return observe(nats);
    if (performance.now() > deadline) {
      throw new MeshError(
        'MESH_DEMO_FAILED',
        `The mesh was not done within ${Math.round(timeoutMs / 1_000)} s: ${unsettled}.`,
      );
    }
    await delay(POLL_MS);
  }
}

/** In the order of the flow: what the normaliser settles becomes the plugins' work. */
async function findUnsettled(nats: Nats): Promise<string | undefined> {
  for (const stream of ['CRM_RAW', 'CRM_EVENTS']) {
    const { lastSequence } = await nats.streamState(stream);
    const durables = await nats.listDurables(stream);
    if (durables.length === 0) return `${stream} has no consumer yet`;
    const late = durables.find((durable) => durable.pending > 0 || durable.ackPending > 0);
    if (late) return `${late.name} has ${late.pending} waiting and ${late.ackPending} in hand of ${lastSequence}`;
  }
  const host = await askStatus<HostStatus>(nats, 'host');
  const parked = host?.plugins.find(
    (plugin) => (plugin.consumer?.parkedMessages ?? 0) > 0 || (plugin.consumer?.held ?? 0) > 0,
  );
  if (parked) return `${parked.name} waits for its next attempt`;
  return host ? undefined : 'the host does not answer';
}

async function observe(nats: Nats): Promise<Observed> {
  const publisher = await askStatus<PublisherStatus>(nats, 'publisher');
  const host = await askStatus<HostStatus>(nats, 'host');
  if (!publisher || !host) throw new MeshError('MESH_DEMO_FAILED', 'The publisher or the host does not answer.');
  const stored = (await nats.streamState('CRM_RAW')).messages;
  const deadLetters = (await nats.streamState('CRM_DEAD')).messages;
  return { publisher, host, stored, deadLetters, folded: foldEvents(await readEvents(nats)) };
}

async function readEvents(nats: Nats): Promise<MeshEvent[]> {
  const events: MeshEvent[] = [];
  for await (const { data } of nats.readStream('CRM_EVENTS', { fromSequence: 1 })) {
    events.push(JSON.parse(new TextDecoder().decode(data)) as MeshEvent);
  }
  return events;
}
