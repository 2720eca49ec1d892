import type { Random } from '../../crm/draw-ids.js';
import { shuffle } from '../../hubspot/webhooks/plan-items.js';
import type { ChangeEvent } from '../cdc/change-event.js';
import { makeId } from '../ids.js';
import type { SalesforceKnobs } from '../knobs.js';
import type { Records } from '../rows/records.js';
import type { FieldBook } from '../schema/field-book.js';
import { readField } from '../schema/field-book.js';
import { isAcknowledged, writeEnvelope, type Notification } from './envelope.js';
import { postMessage } from './post-message.js';

/** What an admin sets up: which object is told to whom, with which fields. */
export interface OutboundAction {
  url: string;
  object: string;
  /** `Id` is always there. */
  fields: readonly string[];
}

export interface OutboundCounts {
  made: number;
  dropped: number;
  delivered: number;
  /** After 24 hours, and what was deleted meanwhile. */
  givenUp: number;
  /** Posts, retries included. */
  messages: number;
  failedMessages: number;
  pending: number;
}

export interface OutboundSenderOptions {
  book: FieldBook;
  records: Records;
  organizationId: string;
  instanceUrl(): string;
  knobs(): SalesforceKnobs;
  random: Random;
  /** Epoch milliseconds. */
  now(): number;
}

interface Waiting {
  /** Stays the same over retries. */
  id: string;
  recordId: string;
  madeAtMs: number;
}

interface Message {
  action: OutboundAction & { id: string };
  waiting: Waiting[];
  attempts: number;
}

const MOST_NOTIFICATIONS = 100;
const KEPT_MS = 24 * 3_600_000;
const LONGEST_PAUSE_MS = 2 * 3_600_000;

/** Outbound messages: notifications of changed records, gathered, posted, and sent again until they are acknowledged. */
export class OutboundSender {
  readonly counts: OutboundCounts = {
    made: 0,
    dropped: 0,
    delivered: 0,
    givenUp: 0,
    messages: 0,
    failedMessages: 0,
    pending: 0,
  };
  private readonly actions = new Map<string, { action: Message['action']; waiting: Waiting[] }>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private notified = 0;
  private settled: (() => void)[] = [];

  constructor(private readonly options: OutboundSenderOptions) {}

  /** One for each object; a second takes the place of the first. */
  setAction(action: OutboundAction): void {
    const object = this.options.book.readOfPath(action.object);
    for (const name of action.fields) readField(object, name);
    this.actions.set(object.name, {
      action: { ...action, object: object.name, id: makeId('04k', String(this.actions.size + 1)) },
      waiting: [],
    });
  }

  /** There are no messages of deletions. */
  send(events: readonly ChangeEvent[]): void {
    for (const { entityName, changeType, recordIds } of events) {
      const found = this.actions.get(entityName);
      if (!found || !/^(GAP_)?(CREATE|UPDATE|UNDELETE)$/.test(changeType)) continue;
      if (found.waiting.length === 0) this.plan(() => this.flush(entityName), this.options.knobs().outboundWaitMs);
      for (const recordId of recordIds) this.add(found.waiting, recordId);
    }
  }

  /** After a knob was turned. */
  review(): void {
    for (const entityName of this.actions.keys()) this.flush(entityName);
  }

  async whenSettled(): Promise<void> {
    if (this.counts.pending > 0) await new Promise<void>((resolve) => this.settled.push(resolve));
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    this.settle(this.counts.pending);
  }

  private add(waiting: Waiting[], recordId: string): void {
    const { knobs, random, now } = this.options;
    this.counts.made += 1;
    const { outboundDropRate } = knobs();
    if (outboundDropRate > 0 && random() < outboundDropRate) {
      this.counts.dropped += 1;
      return;
    }
    waiting.push({ id: makeId('04l', String((this.notified += 1))), recordId, madeAtMs: now() });
    this.counts.pending += 1;
  }

  private flush(entityName: string): void {
    const found = this.actions.get(entityName);
    const { outboundPaused, outboundDisorder } = this.options.knobs();
    if (!found || outboundPaused) return;
    const shuffled = shuffle(found.waiting, outboundDisorder, this.options.random);
    found.waiting = [];
    for (let start = 0; start < shuffled.length; start += MOST_NOTIFICATIONS) {
      void this.attempt({
        action: found.action,
        waiting: shuffled.slice(start, start + MOST_NOTIFICATIONS),
        attempts: 0,
      });
    }
  }

  private async attempt(message: Message): Promise<void> {
    this.forgetOld(message);
    const notifications = message.waiting.flatMap((one) => this.describe(message.action, one) ?? []);
    // What was deleted meanwhile is not sent at all.
    if (notifications.length === 0) return this.giveUp(message.waiting.length);
    const { organizationId, instanceUrl, knobs, random } = this.options;
    const { outboundTimeoutMs, outboundDuplicateRate } = knobs();
    const facts = {
      organizationId,
      actionId: message.action.id,
      instanceUrl: instanceUrl(),
      entityName: message.action.object,
    };
    const envelope = writeEnvelope(facts, notifications);
    this.counts.messages += 1;
    const { status, body } = await postMessage(message.action.url, envelope, outboundTimeoutMs);
    if (!isAcknowledged(status, body)) return this.retry(message);
    if (outboundDuplicateRate > 0 && random() < outboundDuplicateRate) {
      this.counts.messages += 1;
      await postMessage(message.action.url, envelope, outboundTimeoutMs);
    }
    this.counts.delivered += notifications.length;
    this.counts.givenUp += message.waiting.length - notifications.length;
    this.settle(message.waiting.length);
  }

  /** Each pause is twice as long as the one before. */
  private retry(message: Message): void {
    this.counts.failedMessages += 1;
    const pauseMs = Math.min(LONGEST_PAUSE_MS, this.options.knobs().outboundRetryMs * 2 ** message.attempts);
    message.attempts += 1;
    this.plan(() => void this.attempt(message), pauseMs);
  }

  private forgetOld(message: Message): void {
    const since = this.options.now() - KEPT_MS;
    const kept = message.waiting.filter(({ madeAtMs }) => madeAtMs > since);
    this.giveUp(message.waiting.length - kept.length);
    message.waiting = kept;
  }

  /** With the present values, whatever they were when it was made; undefined: the record is gone. */
  private describe({ object: name, fields }: OutboundAction, { id, recordId }: Waiting): Notification | undefined {
    const object = this.options.book.readOfPath(name);
    const row = this.options.records.find(object, recordId);
    const names = [...new Set(['Id', ...fields])];
    return row && { id, fields: names.map((field) => [field, row.read(readField(object, field))]) };
  }

  private giveUp(count: number): void {
    this.counts.givenUp += count;
    this.settle(count);
  }

  private plan(act: () => void, afterMs: number): void {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      act();
    }, afterMs);
    this.timers.add(timer);
  }

  private settle(count: number): void {
    this.counts.pending -= count;
    if (this.counts.pending > 0) return;
    for (const resolve of this.settled.splice(0)) resolve();
  }
}
