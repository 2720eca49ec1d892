import { performance } from 'node:perf_hooks';
import { createInbox, PermissionViolationError, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { asHeaders, encodeHeaders } from './encode-headers.js';
import { Fifo } from './fifo.js';
import { checkMessageLimits } from './message-limits.js';
import type { OutgoingMessage, PubAck } from './message.js';
import type { NatsLog } from './nats-options.js';
import { classifyPublishError, PublishError } from './publish-error.js';
import type { TurnWriter } from './turn-writer.js';

const SWEEP_INTERVAL_MS = 100;
/** A sweep that comes later than this was held up by a blocked event loop. */
const LATE_SWEEP_MS = 200;
const EMPTY = Buffer.alloc(0);
/** So many acks are awaited at once; what is more waits its turn, within its deadline. */
const MOST_UNACKED = 8_192;

interface InFlight {
  subject: string;
  payload: Uint8Array;
  headers: Buffer;
  deadlineMs: number;
  /** `waiting`: not on the wire yet. `resent`: sent again after a disconnect. */
  state: 'waiting' | 'sent' | 'resent';
  resolve(ack: PubAck): void;
  reject(error: PublishError): void;
}

interface AckBody {
  stream?: string;
  seq?: number;
  duplicate?: boolean;
  error?: { code: number; err_code: number; description: string };
}

export interface PublisherOptions {
  timeoutMs: number;
  inboxPrefix: string | undefined;
  log: NatsLog;
  isConnected(): boolean;
  maxPayloadBytes(): number;
  turn: TurnWriter;
  /** Default 8,192. */
  mostUnacked: number | undefined;
}

/**
 * Publishes and matches the acks itself, on one subscription: the client's `js.publish` is three to four times slower and
 * forgets what is under way at a disconnect. Here that is sent again, in order and under the same message id, after the
 * reconnect, within the message's own deadline. While disconnected, new messages are refused at once as transient. What
 * is published within one turn of the event loop is written to the socket at once.
 */
export class Publisher {
  /** In the order of their publishes, and so of their deadlines. */
  readonly #inFlight = new Map<string, InFlight>();
  #toSend = new Fifo<string>();
  #unacked = 0;
  #isTurnTaken = false;
  readonly #inbox: string;
  #token = 0;
  #sweep: NodeJS.Timeout | undefined;
  #sweepDueMs = 0;
  #spared = false;

  constructor(
    private readonly nc: NatsConnection,
    private readonly options: PublisherOptions,
  ) {
    this.#inbox = `${createInbox(options.inboxPrefix)}.`;
    nc.subscribe(`${this.#inbox}*`, { callback: (error, message) => this.#take(error, message) });
  }

  publish(message: OutgoingMessage): Promise<PubAck> {
    return new Promise((resolve, reject) => {
      if (!this.options.isConnected()) return reject(new PublishError('transient', 'NATS is not connected.'));
      try {
        this.#start(message, resolve, reject);
      } catch (error) {
        reject(asPublishError(error));
      }
    });
  }

  /** To be called after a reconnect, before anything new is published. */
  resend(): void {
    this.#unacked = 0;
    this.#toSend = new Fifo();
    for (const token of this.#inFlight.keys()) this.#toSend.add(token);
    this.#sendWaiting();
  }

  /** The server tells denied publishes apart from everything else: as an error of the connection. */
  refuseForbidden(error: unknown): void {
    if (!(error instanceof PermissionViolationError) || error.operation !== 'publish') return;
    for (const [token, waiting] of this.#inFlight) {
      if (waiting.subject !== error.subject) continue;
      this.#forget(token, waiting);
      const message = `The NATS user may not publish to '${error.subject}'.`;
      waiting.reject(new PublishError('transient', message, { cause: error, code: 'MESH_NATS_FORBIDDEN' }));
    }
  }

  close(): void {
    clearTimeout(this.#sweep);
    this.#sweep = undefined;
    for (const waiting of this.#inFlight.values()) {
      waiting.reject(new PublishError('transient', 'The NATS connection was closed before the ack came.'));
    }
    this.#inFlight.clear();
  }

  #start(message: OutgoingMessage, resolve: InFlight['resolve'], reject: InFlight['reject']): void {
    const { subject } = message;
    const payload = typeof message.payload === 'string' ? Buffer.from(message.payload) : message.payload;
    const headers = encodeHeaders(message.messageId, message.headers);
    const size = { subject, headerBytes: headers.length, payloadBytes: payload.length };
    const refusal = checkMessageLimits(size, this.options.maxPayloadBytes());
    if (refusal !== undefined) return reject(refusal);
    const token = (this.#token += 1).toString(36);
    const deadlineMs = performance.now() + this.options.timeoutMs;
    this.#inFlight.set(token, { subject, payload, headers, deadlineMs, state: 'waiting', resolve, reject });
    this.#toSend.add(token);
    this.#takeTurn();
    this.#armSweep();
  }

  #takeTurn(): void {
    if (this.#isTurnTaken) return;
    this.#isTurnTaken = true;
    this.options.turn.add(() => {
      this.#isTurnTaken = false;
      // Else all of it is sent after the reconnect.
      if (this.options.isConnected()) this.#sendWaiting();
    });
  }

  #sendWaiting(): void {
    const most = this.options.mostUnacked ?? MOST_UNACKED;
    while (this.#unacked < most) {
      const token = this.#toSend.take();
      if (token === undefined) return;
      const waiting = this.#inFlight.get(token);
      if (waiting === undefined) continue;
      this.#unacked += 1;
      waiting.state = waiting.state === 'waiting' ? 'sent' : 'resent';
      try {
        this.#send(token, waiting);
      } catch (error) {
        this.#forget(token, waiting);
        waiting.reject(asPublishError(error));
      }
    }
  }

  #forget(token: string, { state }: InFlight): void {
    this.#inFlight.delete(token);
    if (state === 'waiting') return;
    this.#unacked -= 1;
    if (this.#toSend.size > 0) this.#takeTurn();
  }

  #send(token: string, { subject, payload, headers }: InFlight): void {
    this.nc.publish(subject, payload.length === 0 ? EMPTY : payload, {
      reply: this.#inbox + token,
      headers: asHeaders(headers),
    });
  }

  /** Nothing may be thrown here: it would end the client's reader without a sign. */
  #take(error: Error | null, message: Msg): void {
    if (error !== null) return this.options.log.error({ err: error }, 'NATS refuses the inbox for publish acks');
    const token = message.subject.slice(this.#inbox.length);
    const waiting = this.#inFlight.get(token);
    if (waiting === undefined) return;
    this.#forget(token, waiting);
    try {
      const ack = readAck(message, waiting);
      if (ack instanceof PublishError) waiting.reject(ack);
      else waiting.resolve(ack);
    } catch (cause) {
      waiting.reject(new PublishError('transient', `The ack for '${waiting.subject}' cannot be read.`, { cause }));
    }
  }

  #armSweep(): void {
    if (this.#sweep !== undefined || this.#inFlight.size === 0) return;
    this.#sweepDueMs = performance.now() + SWEEP_INTERVAL_MS;
    this.#sweep = setTimeout(() => this.#expire(), SWEEP_INTERVAL_MS);
  }

  #expire(): void {
    this.#sweep = undefined;
    const now = performance.now();
    const wasBlocked = now > this.#sweepDueMs + LATE_SWEEP_MS;
    // The acks of that time wait in the socket: read them first. Once only, or a busy loop would never give up.
    if (wasBlocked && !this.#spared) {
      this.#spared = true;
      return this.#armSweep();
    }
    this.#spared = false;
    for (const [token, waiting] of this.#inFlight) {
      // All wait equally long, so the map is in order of deadline.
      if (waiting.deadlineMs > now) break;
      this.#forget(token, waiting);
      const message = `No ack came for '${waiting.subject}' within ${this.options.timeoutMs} ms.`;
      waiting.reject(new PublishError('transient', message));
    }
    this.#armSweep();
  }
}

function readAck(message: Msg, { subject, state }: InFlight): PubAck | PublishError {
  if (message.data.length === 0) {
    return new PublishError('transient', `No stream takes '${subject}', or JetStream is off.`, {
      code: 'MESH_STREAM_MISSING',
    });
  }
  const body = message.json<AckBody>();
  if (body.error !== undefined) {
    const { err_code: errorCode, description } = body.error;
    const retryClass = classifyPublishError(errorCode);
    return new PublishError(retryClass, `The stream refused '${subject}': ${description} (${errorCode}).`, {
      errorCode,
    });
  }
  if (typeof body.stream !== 'string' || typeof body.seq !== 'number') {
    return new PublishError('transient', `The answer for '${subject}' is no ack of a stream.`);
  }
  const ack: PubAck = { stream: body.stream, sequence: body.seq, duplicate: body.duplicate === true };
  return state === 'resent' ? { ...ack, resent: true } : ack;
}

function asPublishError(error: unknown): PublishError {
  if (error instanceof PublishError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new PublishError('transient', `NATS did not take the message: ${reason}.`, { cause: error });
}
