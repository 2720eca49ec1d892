import { MeshError } from '@crm-mesh/contract';
import { PublishError, type Nats, type OutgoingMessage } from '@crm-mesh/jetstream';
import type { Logger } from '@crm-mesh/telemetry';
import type { Outbox } from './outbox.js';

export interface IntakeOptions {
  outbox: Outbox;
  log: Logger;
  now(): number;
  maxPayloadBytes: number;
  /** JetStream gets this long before the outbox takes over; HubSpot hangs up after 5 s. Default 2 s. */
  directMs?: number;
}

/** How many of a request's notifications were in CRM_RAW before, and how many wait in the outbox now. */
export interface Taken {
  duplicates: number;
  outboxed: number;
}

const DIRECT_MS = 2_000;

/** Where notifications are made safe: in CRM_RAW or, while JetStream does not take them, in the outbox. */
export class Intake {
  #nats: Nats | undefined;
  /** After JetStream failed once nobody waits for it again until the relay finds that it takes messages. */
  #flowing = true;

  constructor(private readonly options: IntakeOptions) {}

  /** What one notification may have, in bytes: what is over the server's limit goes to the object store. */
  get maxPayloadBytes(): number {
    return this.options.maxPayloadBytes;
  }

  attach(nats: Nats): void {
    this.#nats = nats;
  }

  detach(): void {
    this.#nats = undefined;
  }

  setFlowing(): void {
    if (!this.#flowing) this.options.log.info({}, 'JetStream takes notifications again');
    this.#flowing = true;
  }

  /** Why nothing can be taken now; undefined when it can. */
  whyClosed(): string | undefined {
    if (this.#isDirect() || !this.options.outbox.isFull) return undefined;
    return 'JetStream does not take notifications, and the outbox is full';
  }

  /** Why notifications go to the outbox; undefined when they do not. */
  whyIndirect(): string | undefined {
    if (this.#isDirect()) return undefined;
    return `JetStream does not take notifications now: they go to the outbox, which holds ${this.options.outbox.fill.messages}`;
  }

  /** Resolves when every message is safe. Rejects with a MeshError when one is not: the sender repeats them all. */
  async take(messages: readonly OutgoingMessage[]): Promise<Taken> {
    const nats = this.#nats;
    if (!nats || !this.#isDirect()) return this.#takeIndirectly(messages, 0);
    const { left, duplicates, refusal } = await this.#publish(nats, messages);
    if (refusal)
      throw new MeshError('MESH_MESSAGE_INVALID', 'An item of the request can never be stored.', { cause: refusal });
    return left.length === 0 ? { duplicates, outboxed: 0 } : this.#takeIndirectly(left, duplicates);
  }

  #isDirect(): boolean {
    return this.#flowing && this.#nats?.connected === true;
  }

  async #publish(nats: Nats, messages: readonly OutgoingMessage[]): Promise<Published> {
    const waiting = new Set(messages);
    const published: Published = { left: [], duplicates: 0, refusal: undefined };
    const each = messages.map(async (message) => {
      try {
        const ack = await nats.publish(message);
        if (ack.duplicate) published.duplicates += 1;
        waiting.delete(message);
      } catch (error) {
        if (!(error instanceof PublishError)) throw error;
        if (error.retryClass === 'permanent') published.refusal ??= error;
        this.#noteFailure(error);
      }
    });
    await settleWithin(Promise.all(each), this.options.directMs ?? DIRECT_MS);
    if (waiting.size > 0 && !published.refusal) this.#noteFailure(undefined);
    return { ...published, left: [...waiting] };
  }

  #noteFailure(error: PublishError | undefined): void {
    if (error?.retryClass === 'permanent' || !this.#flowing) return;
    this.#flowing = false;
    const reason = error?.message ?? `no answer within ${this.options.directMs ?? DIRECT_MS} ms`;
    this.options.log.warn({ reason }, 'JetStream does not take notifications; they go to the outbox');
  }

  async #takeIndirectly(messages: readonly OutgoingMessage[], duplicates: number): Promise<Taken> {
    const { outbox, now } = this.options;
    try {
      await outbox.take(messages, now());
    } catch (cause) {
      if (cause instanceof MeshError) throw cause;
      throw new MeshError('MESH_STORE_UNAVAILABLE', 'The outbox cannot be written at the moment.', { cause });
    }
    return { duplicates, outboxed: messages.length };
  }
}

interface Published {
  /** Not known to be in the stream. */
  left: OutgoingMessage[];
  duplicates: number;
  /** One of them can never be stored. */
  refusal: PublishError | undefined;
}

/** Rejects as the work does; resolves when it is done or the time is up. */
async function settleWithin(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
