import type { MsgHdrs } from '@nats-io/transport-node';

export interface OutgoingMessage {
  subject: string;
  payload: Uint8Array | string;
  /** `Nats-Msg-Id`; the same statement must always carry the same id. */
  messageId: string;
  headers?: Readonly<Record<string, string>>;
}

export interface PubAck {
  stream: string;
  sequence: number;
  /** The stream had this message id already; `sequence` is the stored one's. */
  duplicate: boolean;
  /** Sent more than once by this very call (a reconnect came between), so `duplicate` may mean its own first send. */
  resent?: boolean;
}

/** A message as it lies in a stream. */
export interface StoredMessage {
  stream: string;
  subject: string;
  sequence: number;
  data: Uint8Array;
  storedAtMs: number;
  /** Case-sensitive; undefined when absent. Decoded on first use. */
  header(name: string): string | undefined;
}

/** A message in hand, to be settled by {@link settle}. */
export interface Delivery extends StoredMessage {
  consumer: string;
  /** Rises by one per delivery of this consumer; a gap means that one was lost on the way. */
  consumerSequence: number;
  /** 1 for the first delivery. */
  deliveryCount: number;
  /** How many wait behind this one in the stream for this consumer. */
  pending: number;
}

export function readHeader(headers: MsgHdrs | undefined, name: string): string | undefined {
  return headers?.has(name) ? headers.get(name) : undefined;
}
