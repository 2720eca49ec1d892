import { directSubject } from '@crm-mesh/contract';
import type { DurableSpec, Nats } from '@crm-mesh/jetstream';
import { readPayload } from './bury.js';
import { isStored } from './is-stored.js';
import { closeLetter, readOpenLetter, type OpenLetter } from './open-letters.js';
import { nameDurable, type Partition } from './partition.js';
import { describeHeaders } from './redriven-copy.js';
import type { Superseding } from './superseding.js';

export interface RedriveRequest {
  consumer: string;
  /** Sequences in CRM_DEAD. */
  sequences: number[];
  /** Who asked; kept in CRM_AUDIT. */
  by: string;
  /** Also what a newer event has superseded. */
  again?: boolean;
  patch?: RedrivePatch;
}

/** What goes instead of the payloads that were buried. */
export interface RedrivePatch {
  hash: string;
  /** By sequence in CRM_DEAD, as JSON text; what is not in here is left alone. */
  payloads: Record<string, string>;
}

export interface RedriveResult {
  redriven: number[];
  /** Closed without a redrive; `newer` is the sequence of the newer event in CRM_EVENTS. Absent where there is none. */
  superseded?: { sequence: number; newer: number }[];
  /** Not there (any more), of another consumer, or with a payload that is gone. */
  missing: number[];
}

/** The durable through which one consumer gets what is meant for it alone; made at first use. */
export async function ensureDirectDurable(
  nats: Nats,
  consumer: {
    name: string;
    partition?: Partition | undefined;
    description: string;
    ackWaitMs: number;
    maxAckPending: number;
    metadata: Record<string, string>;
    startFrom?: DurableSpec['startFrom'];
  },
): Promise<void> {
  await nats.ensureDurable({
    stream: 'CRM_DIRECT',
    name: nameDurable(consumer),
    description: `${consumer.description} (redrives, repairs and replays)`,
    filterSubject: `direct.${consumer.name}.>`,
    startFrom: consumer.startFrom ?? 'all',
    ackWaitMs: consumer.ackWaitMs,
    maxAckPending: consumer.maxAckPending,
    metadata: consumer.metadata,
  });
}

/** The message id of what is redriven, by where its dead letter lies in CRM_DEAD. */
export function redriveMessageId(letter: { incarnation: string; sequence: number }): string {
  return `redrive:${letter.incarnation}:${letter.sequence}`;
}

/** Sends dead letters to their consumer again, and to it alone; those of a record in the order in which they were told. */
export async function redrive(
  nats: Nats,
  request: RedriveRequest,
  nowMs: number,
  /** Absent where the plugin does not run: then each copy is looked at when its turn comes. */
  superseding?: Superseding,
): Promise<RedriveResult> {
  const { consumer, sequences } = request;
  const { incarnation } = await nats.streamState('CRM_DEAD');
  const result: Required<RedriveResult> = { redriven: [], superseded: [], missing: [] };
  for (const sequence of await sortByOriginal(nats, consumer, sequences)) {
    const open = await readOpenLetter(nats, consumer, sequence);
    const asked = { ...request, at: new Date(nowMs).toISOString(), id: `${incarnation}:${sequence}` };
    const outcome = open ? await redriveOne(nats, open, asked, superseding) : 'missing';
    if (typeof outcome === 'string') result[outcome].push(sequence);
    else result.superseded.push({ sequence, ...outcome });
  }
  const { superseded, ...rest } = result;
  return superseded.length > 0 ? { ...rest, superseded } : rest;
}

/** Two reads of each, for thousands of payloads do not fit into memory. */
async function sortByOriginal(nats: Nats, consumer: string, sequences: readonly number[]): Promise<number[]> {
  const found: { sequence: number; original: number }[] = [];
  for (const sequence of new Set(sequences)) {
    const open = await readOpenLetter(nats, consumer, sequence);
    found.push({ sequence, original: open?.letter.original.sequence ?? 0 });
  }
  return found.toSorted((a, b) => a.original - b.original || a.sequence - b.sequence).map(({ sequence }) => sequence);
}

/** At a kill -9 between any two steps the letter is still open, and the next redrive goes on behind what is there. */
async function redriveOne(
  nats: Nats,
  open: OpenLetter,
  { consumer, by, again, patch, at, id }: RedriveRequest & { at: string; id: string },
  superseding: Superseding | undefined,
): Promise<'redriven' | 'missing' | { newer: number }> {
  const { original } = open.letter;
  const copy = { subject: directSubject(consumer, original.subject), messageId: `redrive:${id}` };
  const asked = { by, patch: patch?.hash, again };
  if (!(await isStored(nats, 'CRM_DIRECT', copy))) {
    const newer = again ? undefined : await superseding?.findNewerThanRedriven(original);
    if (newer !== undefined) {
      await closeLetter(nats, open, { id: `superseded:${id}`, at, by, did: 'superseded', newer });
      return { newer };
    }
    const payload = patch ? patch.payloads[open.sequence] : await readPayload(nats, open.letter);
    if (payload === undefined) return 'missing';
    await nats.publish({ ...copy, payload, headers: describeHeaders(original, asked) });
  }
  await closeLetter(nats, open, { id: copy.messageId, at, did: 'redrive', ...asked });
  return 'redriven';
}
