import { setMaxListeners } from 'node:events';
import { settle, type Nats } from '@crm-mesh/jetstream';
import { GroupCommit } from '@crm-mesh/store';
import type { Logger } from '@crm-mesh/telemetry';
import { AckFloor } from './ack-floor.js';
import { publishDeadLetter } from './bury.js';
import type { ConsumerSpec } from './consumer-spec.js';
import { Insistence } from './insistence.js';
import type { Held } from './lane.js';
import { listDoneRefs, listReceipts } from './done.js';
import { describeError, type ErrorInfo } from './outcome.js';
import type { SettledNotice } from './settled-notice.js';
import type { DeliveryRecords } from './store/delivery-records.js';
import { keyOf } from './store/item-rows.js';
import type { Tally } from './tally.js';

export type SettledDetails = Partial<Pick<SettledNotice, 'durationMs' | 'error' | 'nextAttemptInMs'>>;

/** Carries out what was decided of messages in hand: remembers, buries, and only then tells the server. */
export class Settler {
  /** Every message that was delivered and not settled. */
  readonly held = new Map<string, Held>();
  /** Aborts when nothing more may be waited for. */
  readonly stopping = new AbortController();
  private readonly done: GroupCommit<{ held: Held; failed: boolean }>;
  /** Done, and on its way into the inbox. */
  private readonly writing = new Set<string>();
  private readonly insistence: Insistence;
  /** Where one ack settles what is older, too. */
  private readonly floor: AckFloor | undefined;

  constructor(
    private readonly spec: ConsumerSpec,
    private readonly deps: {
      nats: Nats;
      log: Logger;
      records: DeliveryRecords;
      tally: Tally;
      /** Whether everything that was delivered is in hand. */
      isComplete(): boolean;
      now(): number;
    },
  ) {
    if (spec.policy.ack === 'all') {
      const listUnfinished = (): Held[] => [...this.held.values()].filter((held) => this.isOwn(held));
      this.floor = new AckFloor({ listUnfinished, isComplete: () => deps.isComplete() });
    }
    // Whatever waits listens.
    setMaxListeners(0, this.stopping.signal);
    this.insistence = new Insistence({
      stopping: this.stopping.signal,
      onFailure: (error) =>
        deps.log.error({ consumer: spec.name, error: describeError(error) }, 'a step of settling failed; trying again'),
    });
    // A group that failed is tried again before later ones: a record's older event must not be forgotten for a newer one.
    this.done = new GroupCommit((items) => this.insist(() => this.commit(items)));
  }

  /** Tries until it is so; rejects only when stopping. */
  insist<Result>(step: () => Promise<Result>): Promise<Result> {
    return this.insistence.until(step);
  }

  /** Whether a message's end is written down; a plain success without an inbox follows from the ack floor. */
  writesDown(group: readonly Held[]): boolean {
    return this.spec.policy.idempotency === 'inbox' || group.some(leavesSomething);
  }

  /** Whether it is done, and not in the inbox yet: its lane does not wait for that. */
  isBeingWritten(key: string): boolean {
    return this.writing.has(key);
  }

  /** Into the inbox (where there is one), its failures forgotten. Rejects only when stopping. */
  async writeDown(group: readonly Held[]): Promise<void> {
    if (!this.writesDown(group)) return;
    const keys = group.flatMap(listDoneRefs).map(keyOf);
    for (const key of keys) this.writing.add(key);
    try {
      await Promise.all(group.map((held) => this.done.add({ held, failed: held.attempts > 0 })));
    } finally {
      for (const key of keys) this.writing.delete(key);
    }
  }

  /** Publishes the dead letters and awaits their PubAcks; resolves to their sequences. Rejects only when stopping. */
  async bury(group: readonly Held[], error: ErrorInfo): Promise<number[]> {
    const about = { consumer: this.spec.name, version: this.spec.version, error, nowMs: this.deps.now() };
    // Its last attempt too: where the process is killed now, the next life asks for the letter of what has failed before.
    const failed = group.filter((held) => held.attempts > 0);
    if (failed.length > 0) await this.insist(() => this.deps.records.recordFailures(failed));
    const sequences: number[] = [];
    for (const held of group) {
      sequences.push(await this.insist(() => this.publishLetter(held, about)));
    }
    return sequences;
  }

  private async publishLetter(held: Held, about: Parameters<typeof publishDeadLetter>[2]): Promise<number> {
    if (!this.isHeld()) throw new Error(`${this.spec.name}: its lease is lost`);
    return publishDeadLetter(this.deps.nats, held, about);
  }

  /** Once another may have taken over, the server hears nothing more of what is in hand here. */
  private isHeld(): boolean {
    return this.spec.isHeld?.() ?? true;
  }

  /** Tells the server, and lets go of it. */
  release(
    held: Held,
    settlement: 'ack' | 'term' | 'back',
    result: SettledNotice['result'],
    details?: SettledDetails,
  ): void {
    this.held.delete(held.key);
    this.answer(held, settlement);
    this.notify(held, result, details);
  }

  /** The same message, delivered before and not settled for the server. */
  findInHand(key: string): Held | undefined {
    return this.held.get(key) ?? this.floor?.get(key);
  }

  /** Something that was missing is in hand now. */
  advance(): void {
    this.floor?.advance();
  }

  /** At a stop: back to the server in stream order, where the server takes it back. */
  giveBack(): void {
    this.advance();
    const rest = [...this.held.values()].toSorted((a, b) => a.ref.sequence - b.ref.sequence);
    const isDropped = this.spec.policy.ack === 'none';
    for (const held of rest) this.release(held, 'back', isDropped && this.isOwn(held) ? 'dropped' : 'returned');
    // Finished before something older: it comes again, and the inbox knows it.
    if (!this.isHeld()) return;
    for (const { delivery } of this.floor?.list() ?? []) if (delivery) settle(delivery, 'back');
  }

  private answer(held: Held, settlement: 'ack' | 'term' | 'back'): void {
    if (!held.delivery || !this.isHeld()) return;
    if (!this.isOwn(held) || this.spec.policy.ack === 'explicit') return settle(held.delivery, settlement);
    if (this.spec.policy.ack === 'none') return;
    if (settlement === 'back') settle(held.delivery, settlement);
    else this.floor?.finish(held);
  }

  /** Of the consumer's own durable; what was sent directly is always acked one by one. */
  private isOwn(held: Held): boolean {
    return held.ref.stream === this.spec.stream;
  }

  notify(held: Held, came: SettledNotice['result'], details: SettledDetails = {}): void {
    const result = came === 'acked' && held.wasDone ? 'skipped' : came;
    this.deps.tally.count({
      consumer: this.spec.name,
      subject: held.item.subject,
      sequence: held.ref.sequence,
      attempt: Math.max(1, came === 'acked' ? held.attempts + 1 : held.attempts),
      result,
      durationMs: 0,
      ...details,
    });
  }

  /** Keeps the server from redelivering what is in hand. */
  extend(ackWaitMs: number): void {
    if (!this.isHeld()) return;
    const nowMs = this.deps.now();
    for (const held of [...this.held.values(), ...(this.floor?.list() ?? [])]) {
      if (!held.delivery || nowMs - held.extendedAtMs < ackWaitMs / 3) continue;
      settle(held.delivery, 'working');
      held.extendedAtMs = nowMs;
    }
  }

  /** What the server waits for us to settle. */
  listHeld(stream: string): Held[] {
    const all = [...this.held.values(), ...(this.floor?.list() ?? [])];
    return all.filter((held) => held.ref.stream === stream && held.delivery !== undefined);
  }

  /** The stream is another one now: what is in hand of the old one cannot be settled, and its sequences mean others. */
  disown(stream: string, incarnation: string): void {
    for (const held of [...this.held.values(), ...(this.floor?.list() ?? [])]) {
      if (held.ref.stream === stream && held.ref.incarnation === incarnation) held.delivery = undefined;
    }
  }

  private async commit(items: { held: Held; failed: boolean }[]): Promise<void> {
    const all = items.map(({ held }) => held);
    const failed = items.filter((item) => item.failed).map(({ held }) => held.ref);
    const done = this.spec.policy.idempotency === 'inbox' ? all.flatMap(listDoneRefs) : [];
    await this.deps.records.recordDone(done, failed, this.deps.now(), listReceipts(all));
  }
}

/** Failures to forget, or a receipt to keep. */
function leavesSomething({ attempts, receipt }: Held): boolean {
  return attempts > 0 || receipt !== undefined;
}
