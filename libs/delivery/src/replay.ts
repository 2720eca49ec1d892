import { randomBytes } from 'node:crypto';
import { directSubject, matchesPatterns, MeshError, type EventPattern } from '@crm-mesh/contract';
import type { Nats, StoredMessage } from '@crm-mesh/jetstream';
import type { Store } from '@crm-mesh/store';
import { publishAudit, type ReplayEntry } from './audit.js';
import type { ConsumerSpec } from './consumer-spec.js';
import { findMoment } from './find-moment.js';
import { nameDurables } from './partition.js';
import { describeHeaders, readCopyMark } from './redriven-copy.js';
import { DeliveryRecords } from './store/delivery-records.js';
import { keyOf } from './store/item-rows.js';

/** A place in CRM_EVENTS. */
export type Place = { sequence: number } | { time: string };

export interface ReplayRequest {
  consumer: string;
  /** Who asked; kept in CRM_AUDIT. */
  by: string;
  from: Place;
  /** The event of that sequence is the last; what was stored at that time is not sent. Absent: all that it was given. */
  to?: Place;
  /** Of which records; default: all that the consumer listens to. */
  filterSubject?: string;
  events?: readonly EventPattern[];
  /** Also what an inbox knows to be done. */
  again?: boolean;
}

/** Of one replay, some more. */
export interface ReplayStep {
  consumer: string;
  run: string;
  /** Behind this one; absent: behind the last that was sent. */
  after?: number;
  /** So many events are looked at. */
  limit: number;
  /** Told to CRM_AUDIT at the end. */
  soFar: { sent: number; skipped: number };
}

export interface ReplayProgress {
  /** The last event that was looked at. */
  position: number;
  /** Up to there, as far as is known now. */
  end: number;
  sent: number;
  /** The inbox knows them to be done. */
  skipped: number;
  isOver: boolean;
}

/** Where few events are wanted, a step ends after this. */
const LONGEST_STEP_MS = 2_000;
const EVENTS = 'CRM_EVENTS';

/**
 * Sends old events to one consumer again, through CRM_DIRECT, in their order. What a replay is stands in CRM_AUDIT, and how
 * far it came is read off its copies: so whoever is killed meanwhile, it goes on where it was, on any host.
 */
export class Replays {
  readonly #begun = new Map<string, ReplayEntry>();

  private readonly records: DeliveryRecords;

  constructor(
    private readonly spec: Pick<ConsumerSpec, 'name' | 'filterSubject' | 'accepts' | 'policy'>,
    private readonly deps: { nats: Nats; store: Store; now?: () => number },
  ) {
    this.records = new DeliveryRecords(deps.store, spec.name);
  }

  async begin({ consumer, by, from, to, ...rest }: ReplayRequest): Promise<ReplayEntry> {
    const { nats, now = Date.now } = this.deps;
    const run = randomBytes(4).toString('hex');
    const { incarnation } = await nats.streamState(EVENTS);
    const { lastSequence } = await nats.streamState('CRM_DIRECT');
    const entry: ReplayEntry = {
      ...{ id: `replay:${run}`, at: new Date(now()).toISOString(), by, did: 'replay', consumer, run, phase: 'begun' },
      ...{ incarnation, directFrom: lastSequence + 1, ...rest },
      from: 'sequence' in from ? from.sequence : await findMoment(nats, EVENTS, Date.parse(from.time)),
      ...(to && { to: 'sequence' in to ? to.sequence : (await findMoment(nats, EVENTS, Date.parse(to.time))) - 1 }),
    };
    await publishAudit(nats, entry);
    this.#begun.set(run, entry);
    return entry;
  }

  async goOn({ run, after, limit, soFar }: ReplayStep): Promise<ReplayProgress> {
    const { nats, now = Date.now } = this.deps;
    const entry = await this.#find(run);
    const start = after ?? Math.max(entry.from - 1, await this.#findLastSent(entry));
    const end = Math.min(entry.to ?? Number.POSITIVE_INFINITY, await this.#readGiven());
    const { events, position, isOver } = await this.#read(entry, start, { end, limit });
    const fresh = await this.#siftKnown(entry, events);
    // One by one: so what lies in CRM_DIRECT is always the first part of the replay.
    for (const event of fresh) await this.#send(entry, event);
    const [sent, skipped] = [fresh.length, events.length - fresh.length];
    if (isOver) {
      const counts = { sent: soFar.sent + sent, skipped: soFar.skipped + skipped };
      const at = new Date(now()).toISOString();
      await publishAudit(nats, { ...entry, id: `replay:${run}:over`, at, phase: 'over', ...counts });
    }
    return { position, end, sent, skipped, isOver };
  }

  /** What it was not given yet is not old: it is on its way. */
  async #readGiven(): Promise<number> {
    const names = nameDurables(this.spec.name, this.spec.policy.partitions);
    const states = await Promise.all(names.map((name) => this.deps.nats.durableState(EVENTS, name)));
    return Math.min(...states.map((state) => state?.deliveredSequence ?? 0));
  }

  async #find(run: string): Promise<ReplayEntry> {
    const { nats } = this.deps;
    const consumer = this.spec.name;
    const known = this.#begun.get(run) ?? (await findReplay(nats, consumer, run));
    if (!known) throw new MeshError('MESH_REPLAY_UNKNOWN', `CRM_AUDIT knows no replay ${run} of "${consumer}".`);
    if (known.incarnation !== (await nats.streamState(EVENTS)).incarnation)
      throw new MeshError('MESH_REPLAY_UNKNOWN', `CRM_EVENTS was made anew since replay ${run} began.`);
    this.#begun.set(run, known);
    return known;
  }

  async #findLastSent({ run, directFrom }: ReplayEntry): Promise<number> {
    let last = 0;
    const range = { fromSequence: directFrom, filterSubject: `direct.${this.spec.name}.>` };
    for await (const message of this.deps.nats.readStream('CRM_DIRECT', range)) {
      const mark = readCopyMark(message);
      if (mark?.run === run) last = Math.max(last, mark.sequence);
    }
    return last;
  }

  async #read(entry: ReplayEntry, after: number, { end, limit }: { end: number; limit: number }) {
    const filter = entry.filterSubject ?? this.spec.filterSubject;
    const dueMs = performance.now() + LONGEST_STEP_MS;
    const events: StoredMessage[] = [];
    let position = after;
    while (events.length < limit && performance.now() < dueMs) {
      const next = await this.deps.nats.getNextMessage(EVENTS, position + 1, filter);
      if (next === undefined || next.sequence > end) return { events, position, isOver: true };
      position = next.sequence;
      if (this.#wants(entry, next.subject)) events.push(next);
    }
    return { events, position, isOver: false };
  }

  #wants({ events }: ReplayEntry, subject: string): boolean {
    return (this.spec.accepts?.(subject) ?? true) && (!events || matchesPatterns(events, subject));
  }

  async #siftKnown({ incarnation, again }: ReplayEntry, events: readonly StoredMessage[]): Promise<StoredMessage[]> {
    if (again) return [...events];
    const refOf = ({ sequence }: StoredMessage) => ({ stream: EVENTS, incarnation, sequence });
    const memory = await this.records.lookUp(events.map(refOf));
    return events.filter((event) => memory.get(keyOf(refOf(event)))?.done !== true);
  }

  async #send({ run, by, again, incarnation, consumer }: ReplayEntry, event: StoredMessage): Promise<void> {
    const { subject, sequence, storedAtMs, data: payload } = event;
    const storedAt = new Date(storedAtMs).toISOString();
    const original = { stream: EVENTS, incarnation, sequence, storedAt, traceparent: event.header('traceparent') };
    await this.deps.nats.publish({
      subject: directSubject(consumer, subject),
      payload,
      messageId: `replay:${run}:${sequence}`,
      headers: describeHeaders(original, { by, run, again }),
    });
  }
}

async function findReplay(nats: Nats, consumer: string, run: string): Promise<ReplayEntry | undefined> {
  const range = { fromSequence: 1, filterSubject: `audit.replay.${consumer}` };
  for await (const { data } of nats.readStream('CRM_AUDIT', range)) {
    const entry = JSON.parse(Buffer.from(data).toString()) as ReplayEntry;
    if (entry.run === run && entry.phase === 'begun') return entry;
  }
  return undefined;
}
