import { deleteClaim, isTooLarge, listClaims, readClaim, storeClaim, type Claim } from './claims.js';
import { deleteDurable, durableState, ensureDurable, listDurables, pauseDurable } from './durables.js';
import { acquireLease, type Lease, type LeaseOptions } from './lease.js';
import type { Link } from './link.js';
import type { OutgoingMessage, PubAck, StoredMessage } from './message.js';
import type { Pull, PullOptions } from './pull-options.js';
import { openPull } from './pull.js';
import { readSparse } from './read-sparse.js';
import { followStream, readStream } from './read-stream.js';
import { flushLink, requestMessage } from './request.js';
import type { DurableSpec, DurableState, StreamState } from './state.js';
import {
  deleteMessage,
  getLastMessage,
  getMessage,
  getNextMessage,
  purgeBelow,
  readStreamState,
} from './stream-messages.js';

const links = new WeakMap<Nats, Link>();

/** For the files of this package alone. */
export function linkOf(nats: Nats): Link {
  return links.get(nats)!;
}

/** The app's one connection; see {@link connectNats}. */
export class Nats {
  readonly #link: Link;

  /** @internal */
  constructor(link: Link) {
    this.#link = link;
    links.set(this, link);
  }

  get connected(): boolean {
    return this.#link.connected;
  }

  /** The server's `max_payload`, in bytes. */
  get maxPayloadBytes(): number {
    return this.#link.maxPayloadBytes;
  }

  /** Without user and password. */
  get serverUrl(): string {
    return this.#link.serverUrl;
  }

  get serverVersion(): string {
    return this.#link.serverVersion;
  }

  /** What a notification or an event may have, in bytes: what is over the server's limit goes to the object store. */
  get maxClaimBytes(): number {
    return this.#link.maxClaimBytes;
  }

  /** Resolves on PubAck. Rejects with PublishError; refuses at once, as permanent, what is over the limits. */
  publish(message: OutgoingMessage): Promise<PubAck> {
    const { publisher } = this.#link;
    if (!isTooLarge(message, this.maxPayloadBytes)) return publisher.publish(message);
    return storeClaim(this.#link, message).then((claimed) => publisher.publish(claimed));
  }

  /** The whole payload of a message that names an object (`isClaimed`); undefined when that is not there any more. */
  readClaim(data: Uint8Array): Promise<Uint8Array | undefined> {
    return readClaim(this.#link, data);
  }

  /** What lies in the object store. */
  listClaims(): Promise<Claim[]> {
    return listClaims(this.#link);
  }

  deleteClaim(name: string): Promise<void> {
    return deleteClaim(this.#link, name);
  }

  /** A plain NATS request. Rejects with MESH_NATS_NO_ANSWER when nobody listens or answers in time. */
  async request(subject: string, payload: Uint8Array | string, options?: { timeoutMs?: number }): Promise<Uint8Array> {
    return (await requestMessage(this.#link, subject, payload, options?.timeoutMs)).data;
  }

  /** Resolves when what was written has reached the server. */
  flush(): Promise<void> {
    return flushLink(this.#link);
  }

  streamState(stream: string): Promise<StreamState> {
    return readStreamState(this.#link, stream);
  }

  /** By sequence; undefined when it is not (any more) there. */
  getMessage(stream: string, sequence: number): Promise<StoredMessage | undefined> {
    return getMessage(this.#link, stream, sequence);
  }

  /** The newest of a subject; undefined when there is none. */
  getLastMessage(stream: string, subject: string): Promise<StoredMessage | undefined> {
    return getLastMessage(this.#link, stream, subject);
  }

  /** The next at or after a sequence; undefined when there is none. */
  getNextMessage(stream: string, sequence: number, filterSubject = '>'): Promise<StoredMessage | undefined> {
    return getNextMessage(this.#link, stream, sequence, filterSubject);
  }

  deleteMessage(stream: string, sequence: number): Promise<boolean> {
    return deleteMessage(this.#link, stream, sequence);
  }

  /** Purges what is below the sequence; resolves to how many. */
  purgeBelow(stream: string, sequence: number): Promise<number> {
    return purgeBelow(this.#link, stream, sequence);
  }

  /** Reads from a sequence to the stream's last sequence at the call (or `toSequence`), in order, then ends. Survives reconnects. */
  readStream(
    stream: string,
    options: { fromSequence: number; toSequence?: number; filterSubject?: string },
  ): AsyncIterable<StoredMessage> {
    return readStream(this.#link, stream, options);
  }

  /** All that the filter lets through, where that is little of a large stream: one record's. To the stream's end. */
  readSparse(stream: string, filterSubject: string): AsyncIterable<StoredMessage> {
    return readSparse(this.#link, stream, filterSubject);
  }

  /** Endless, from `fromSequence` or (default) what comes from now on; ends when the signal aborts. */
  followStream(
    stream: string,
    options: { fromSequence?: number; filterSubject?: string; signal: AbortSignal },
  ): AsyncIterable<StoredMessage> {
    return followStream(this.#link, stream, options);
  }

  /** Creates the durable when it is missing; never changes one. Concurrent callers are fine. */
  ensureDurable(spec: DurableSpec): Promise<DurableState> {
    return ensureDurable(this.#link, spec);
  }

  /** undefined when there is none. */
  durableState(stream: string, name: string): Promise<DurableState | undefined> {
    return durableState(this.#link, stream, name);
  }

  listDurables(stream: string): Promise<DurableState[]> {
    return listDurables(this.#link, stream);
  }

  /** Until the time, as `nats consumer pause` does; a time in the past resumes. */
  pauseDurable(stream: string, name: string, until: Date): Promise<void> {
    return pauseDurable(this.#link, stream, name, until);
  }

  deleteDurable(stream: string, name: string): Promise<boolean> {
    return deleteDurable(this.#link, stream, name);
  }

  pull(stream: string, name: string, options: PullOptions): Promise<Pull> {
    return openPull(this.#link, stream, name, options);
  }

  /** Resolves when the lease is ours; rejects when the signal aborts. */
  acquireLease(name: string, options: LeaseOptions): Promise<Lease> {
    return acquireLease(this.#link, name, options);
  }

  /** Calls back after every reconnect. Returns the way to stop it. */
  onReconnect(listener: () => void): () => void {
    return this.#link.onReconnect(listener);
  }

  /** Flushes and closes. */
  close(): Promise<void> {
    return this.#link.close();
  }
}
