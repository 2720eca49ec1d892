import type { Msg } from '@nats-io/transport-node';
import { readHeader, type Delivery } from './message.js';
import type { TurnWriter } from './turn-writer.js';

/** What the reply subject of a delivery tells. */
interface DeliveryFacts {
  stream: string;
  consumer: string;
  deliveryCount: number;
  sequence: number;
  consumerSequence: number;
  storedAtMs: number;
  pending: number;
}

/**
 * `$JS.ACK.<stream>.<consumer>.<count>.<stream seq>.<consumer seq>.<nanos>.<pending>`, or since 2.14 with domain and
 * account hash before the stream (and perhaps more behind). Throws on anything else.
 */
export function parseAckSubject(reply: string): DeliveryFacts {
  const tokens = reply.split('.');
  const at = tokens.length === 9 ? 2 : 4;
  const deliveryCount = Number(tokens[at + 2]);
  const sequence = Number(tokens[at + 3]);
  const consumerSequence = Number(tokens[at + 4]);
  const storedAtNanos = Number(tokens[at + 5]);
  const pending = Number(tokens[at + 6]);
  const isWhole = !Number.isNaN(deliveryCount + sequence + consumerSequence + storedAtNanos + pending);
  if (tokens[0] !== '$JS' || tokens[1] !== 'ACK' || !isWhole) {
    throw new Error(`'${reply}' is no reply subject of a JetStream delivery`);
  }
  return {
    stream: tokens[at]!,
    consumer: tokens[at + 1]!,
    deliveryCount,
    sequence,
    consumerSequence,
    storedAtMs: Math.floor(storedAtNanos / 1e6),
    pending,
  };
}

export class PulledDelivery implements Delivery {
  readonly stream: string;
  readonly consumer: string;
  readonly subject: string;
  readonly sequence: number;
  readonly consumerSequence: number;
  readonly deliveryCount: number;
  readonly storedAtMs: number;
  readonly pending: number;
  readonly #message: Msg;
  readonly #turn: TurnWriter;
  #settled = false;

  constructor(message: Msg, turn: TurnWriter) {
    const facts = parseAckSubject(message.reply ?? '');
    this.#message = message;
    this.#turn = turn;
    this.subject = message.subject;
    this.stream = facts.stream;
    this.consumer = facts.consumer;
    this.sequence = facts.sequence;
    this.consumerSequence = facts.consumerSequence;
    this.deliveryCount = facts.deliveryCount;
    this.storedAtMs = facts.storedAtMs;
    this.pending = facts.pending;
  }

  get data(): Uint8Array {
    return this.#message.data;
  }

  header(name: string): string | undefined {
    return readHeader(this.#message.headers, name);
  }

  /** For settle.ts alone. The first final answer counts; the server would ignore a second one. */
  respond(answer: Uint8Array, isFinal: boolean): void {
    if (this.#settled) return;
    this.#settled = isFinal;
    this.#turn.add(() => {
      try {
        this.#message.respond(answer);
      } catch {
        // The connection is closed or draining: it is delivered again.
      }
    });
  }
}
