import { MeshError } from '@crm-mesh/contract';
import { PublishError, type Nats, type OutgoingMessage, type PubAck } from '@crm-mesh/jetstream';
import type { NotificationDraft } from '@crm-mesh/sdk';
import type { Logger } from '@crm-mesh/telemetry';
import type { Connection } from '../connections/connections.js';
import { toMessage, toNotification, type Proof } from '../notifications/to-message.js';
import { pauseFor } from '../pause-for.js';

const RETRY_MS = 1_000;
/** What the stream keeps of a message beside its payload: subject, headers, sums. */
const OVERHEAD_BYTES = 200;

export interface Published {
  stored: number;
  /** What they take in the stream, about. */
  storedBytes: number;
  /** Were in CRM_RAW before. */
  duplicates: number;
  /** Can never be stored. */
  refused: number;
}

export interface DraftPublisherOptions {
  nats: Nats;
  log: Logger;
  now(): number;
}

export interface PublishWish extends Omit<Proof, 'receivedAt'> {
  /** When what is published was read, where that is longer ago. */
  receivedAt?: string | undefined;
  signal: AbortSignal;
  /** Told why it must wait, and undefined when it goes on. */
  onHeld(why: string | undefined): void;
}

/** Puts what was read from a CRM into CRM_RAW. It takes no outbox: what is not stored is read again, so it can wait. */
export class DraftPublisher {
  constructor(private readonly options: DraftPublisherOptions) {}

  /** Resolves when all that can be stored is. Rejects with the signal's reason when that aborts before. */
  async publish(
    connection: Connection,
    drafts: readonly NotificationDraft[],
    { signal, onHeld, receivedAt: readAt, ...proof }: PublishWish,
  ): Promise<Published> {
    const receivedAt = readAt ?? new Date(this.options.now()).toISOString();
    const published: Published = { stored: 0, storedBytes: 0, duplicates: 0, refused: 0 };
    let left = drafts.flatMap((draft) => this.#build(connection, draft, { ...proof, receivedAt }) ?? []);
    published.refused = drafts.length - left.length;
    for (;;) {
      signal.throwIfAborted();
      left = await this.#publishOnce(left, published);
      onHeld(left.length > 0 ? 'CRM_RAW does not take what was read' : undefined);
      if (left.length === 0) return published;
      await pauseFor(RETRY_MS, signal);
    }
  }

  /** One draft that can never be stored must not stop all that come after it. */
  #build(connection: Connection, draft: NotificationDraft, proof: Proof): OutgoingMessage | undefined {
    const notification = toNotification(draft, connection, proof);
    try {
      return toMessage(notification, `${draft.entity} ${draft.id}`, this.options.nats);
    } catch (error) {
      if (!(error instanceof MeshError)) throw error;
      this.#tellRefused(error, draft.entity);
      return undefined;
    }
  }

  /** Resolves to what is not known to be stored. */
  async #publishOnce(messages: readonly OutgoingMessage[], published: Published): Promise<OutgoingMessage[]> {
    const { nats, log } = this.options;
    const outcomes = await Promise.allSettled(messages.map((message) => nats.publish(message)));
    let reason: unknown;
    const left = messages.filter((message, at) => {
      const outcome = outcomes[at]!;
      if (outcome.status === 'fulfilled') countStored(published, outcome.value, message);
      else if (isPermanent(outcome.reason)) {
        published.refused += 1;
        this.#tellRefused(outcome.reason, message.subject);
      } else {
        reason = outcome.reason;
        return true;
      }
      return false;
    });
    if (left.length > 0) log.warn({ err: reason, left: left.length }, 'CRM_RAW does not take what was read; waiting');
    return left;
  }

  #tellRefused(error: Error, what: string): void {
    const cure = 'Raise the limit that the error names, or mend the source; then load the record by a backfill.';
    this.options.log.error(
      { err: error, what, cure },
      'a record that was read can never be stored, and is passed over',
    );
  }
}

function countStored(published: Published, { duplicate }: PubAck, { payload }: OutgoingMessage): void {
  if (duplicate) published.duplicates += 1;
  else {
    published.stored += 1;
    published.storedBytes += payload.length + OVERHEAD_BYTES;
  }
}

function isPermanent(reason: unknown): reason is PublishError {
  return reason instanceof PublishError && reason.retryClass === 'permanent';
}
