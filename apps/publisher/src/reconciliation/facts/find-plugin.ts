import { matchesPatterns, type EventPattern } from '@crm-mesh/contract';
import type { PluginDelivery } from '@crm-mesh/control';
import { readPartition } from '@crm-mesh/delivery';
import type { DurableState, Nats } from '@crm-mesh/jetstream';
import type { ReadEvent } from './read-events.js';

/** A plugin as its durables show it. */
export interface PluginPlace {
  /** Empty: what the durable was made for is not written on it. */
  events: readonly EventPattern[];
  /** Up to where it has settled CRM_EVENTS. */
  settledUpTo: number;
  startSequence: number;
  startMs: number;
  /** The same of CRM_DIRECT; undefined: nothing was ever sent to it alone. */
  directSettledUpTo?: number;
}

/** Undefined where there is none of that name. */
export async function findPlugin(nats: Nats, name: string): Promise<PluginPlace | undefined> {
  const [own, direct] = await Promise.all([listOwn(nats, 'CRM_EVENTS', name), listOwn(nats, 'CRM_DIRECT', name)]);
  if (own.length === 0) return undefined;
  const told = own[0]?.metadata?.['events'];
  return {
    events: told === undefined ? [] : (told.split(', ') as EventPattern[]),
    settledUpTo: Math.min(...own.map(readSettled)),
    startSequence: Math.min(...own.map(({ startSequence = 0 }) => startSequence)),
    startMs: Math.min(...own.map(({ startTime }) => (startTime === undefined ? 0 : Date.parse(startTime)))),
    ...(direct.length === 0 ? {} : { directSettledUpTo: Math.min(...direct.map(readSettled)) }),
  };
}

async function listOwn(nats: Nats, stream: string, name: string): Promise<DurableState[]> {
  return (await nats.listDurables(stream)).filter((durable) => readPartition(durable.name, name));
}

/** Where nothing waits all is settled, also what the durable's filter left out. */
function readSettled({ ack, pending, ackPending, deliveredSequence, ackFloorSequence }: DurableState): number {
  if (pending === 0 && ackPending === 0) return Number.MAX_SAFE_INTEGER;
  return ack === 'none' ? deliveredSequence : ackFloorSequence;
}

/** Whether the plugin is, or was, told of the event. One that began with a snapshot was told what was before as it was then. */
export function isTold(
  { subject, origin, sequence, storedAtMs }: ReadEvent,
  { events, startSequence, startMs }: PluginPlace,
  { skipOrigins, startsWithSnapshot }: PluginDelivery,
): boolean {
  if (events.length > 0 && !matchesPatterns(events, subject)) return false;
  if (skipOrigins.includes(origin)) return false;
  return startsWithSnapshot || (sequence >= startSequence && storedAtMs >= startMs);
}
