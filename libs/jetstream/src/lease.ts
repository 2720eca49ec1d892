import { performance } from 'node:perf_hooks';
import { MeshError } from '@crm-mesh/contract';
import { JetStreamApiCodes } from '@nats-io/jetstream';
import type { KV, KvEntry } from '@nats-io/kv';
import { nuid } from '@nats-io/transport-node';
import { apiErrorCode } from './ask-jetstream.js';
import { openLeaseBucket, watchRelease, type LeaseBucket } from './lease-bucket.js';
import { listenForWishes, Wish } from './lease-wish.js';
import type { Link } from './link.js';
import { pauseFor } from './wait.js';

/** A lease held by compare-and-set in the KV bucket `mesh_leases`. */
export interface Lease {
  readonly name: string;
  /** True while held and the deadline (the send time of the last renewal + 3 s, monotonic) has not passed. */
  isHeld(): boolean;
  /** Rises with every change of holder, also where the bucket was lost and made anew. */
  readonly epoch: number;
  /** Resolves when the lease is lost or released. */
  readonly lost: Promise<void>;
  /** Since when it is held. */
  readonly sinceMs: number;
  /** Called when somebody waits for it, with how many leases that one holds. A hint. Until the lease is lost. */
  onWish(listener: (load: number) => void): void;
  release(): Promise<void>;
}

export interface LeaseOptions {
  holder: string;
  signal: AbortSignal;
  /** How many leases the asker holds already: who holds fewer goes first. Default: it does not share. */
  load?: () => number;
  /** Called when another is found to hold it, with its name. */
  onWaiting?: (holder: string) => void;
}

const RENEW_INTERVAL_MS = 1_000;
const RETRY_WAIT_MS = 200;
/** Past this the holder must stop … */
const HOLD_MS = 3_000;
/** … and only after this may another take over. */
const UNCHANGED_MS = 3_500;
const POLL_INTERVAL_MS = 500;
/** For each lease that it holds, a challenger gives others so much time, but not more than the poll. */
const YIELD_MS = 50;
/** What a key of a bucket may be, and is no wildcard. */
const LEGAL_NAME = /^[\w=-]+(?:\.[\w=-]+)*$/;

/** What lies in the bucket. The session tells two runs of one holder apart. */
interface LeaseValue {
  holder: string;
  session: string;
}

/** Resolves when the lease is ours; rejects when the signal aborts. */
export async function acquireLease(link: Link, name: string, options: LeaseOptions): Promise<Lease> {
  const { holder, signal, load, onWaiting } = options;
  if (!LEGAL_NAME.test(name)) throw new MeshError('MESH_CONFIG_INVALID', `'${name}' is no name for a lease.`);
  const value: LeaseValue = { holder, session: nuid.next() };
  const watch = watchRelease(link, name);
  const challenger = new Challenger(link, { name, value, onWaiting });
  const wish = load && new Wish(link, name, load);
  try {
    for (;;) {
      signal.throwIfAborted();
      const lease = await challenger.tryOnce();
      if (lease !== undefined && !signal.aborted) return lease;
      await lease?.release();
      wish?.tell();
      await Promise.race([pauseFor(POLL_INTERVAL_MS, signal), watch.released()]);
      if (load) await pauseFor(Math.min(load() * YIELD_MS, POLL_INTERVAL_MS), signal);
    }
  } finally {
    watch.stop();
  }
}

class Challenger {
  #bucket: LeaseBucket | undefined;
  #seen: { revision: number; sinceMs: number } | undefined;
  readonly #name: string;
  readonly #value: LeaseValue;

  constructor(
    private readonly link: Link,
    private readonly wanted: { name: string; value: LeaseValue; onWaiting: LeaseOptions['onWaiting'] },
  ) {
    this.#name = wanted.name;
    this.#value = wanted.value;
  }

  /** One look, and one try where the time has come. Outages are waited out. */
  async tryOnce(): Promise<HeldLease | undefined> {
    if (this.link.closed) throw new MeshError('MESH_NATS_NO_ANSWER', 'The NATS connection is closed.');
    if (!this.link.connected) return undefined;
    try {
      this.#bucket ??= await openLeaseBucket(this.link);
      const entry = await this.#bucket.kv.get(this.#name);
      return this.#mayTake(entry) ? await this.#take(this.#bucket, entry) : undefined;
    } catch (error) {
      this.link.log.debug?.({ err: error, lease: this.#name }, 'the lease cannot be tried for');
      return undefined;
    }
  }

  #mayTake(entry: KvEntry | null): boolean {
    if (entry === null || entry.operation !== 'PUT') return true;
    const value = readValue(entry);
    // Our own try, whose answer was lost.
    if (value?.session === this.#value.session) return true;
    this.wanted.onWaiting?.(value?.holder ?? '');
    const now = performance.now();
    if (this.#seen?.revision !== entry.revision) this.#seen = { revision: entry.revision, sinceMs: now };
    return now - this.#seen.sinceMs >= UNCHANGED_MS;
  }

  async #take({ kv, createdMs }: LeaseBucket, entry: KvEntry | null): Promise<HeldLease | undefined> {
    const sentMs = performance.now();
    try {
      const revision = await kv.put(this.#name, JSON.stringify(this.#value), { previousSeq: entry?.revision ?? 0 });
      return new HeldLease(this.link, kv, { name: this.#name, value: this.#value, revision, sentMs, createdMs });
    } catch (error) {
      if (isOutpaced(error)) return undefined;
      throw error;
    }
  }
}

interface Holding {
  name: string;
  value: LeaseValue;
  revision: number;
  sentMs: number;
  createdMs: number;
}

class HeldLease implements Lease {
  readonly name: string;
  readonly epoch: number;
  readonly lost: Promise<void>;
  readonly sinceMs = Date.now();
  readonly #ending = new AbortController();
  readonly #value: LeaseValue;
  #markLost!: () => void;
  #revision: number;
  #deadlineMs: number;
  /** When the first renewal was sent whose fate is not known: a later one must not stand in for it. */
  #unknownSinceMs: number | undefined;
  #held = true;
  #expiry: NodeJS.Timeout | undefined;
  #renewing: Promise<void>;

  constructor(
    private readonly link: Link,
    private readonly kv: KV,
    { name, value, revision, sentMs, createdMs }: Holding,
  ) {
    this.name = name;
    this.epoch = createdMs + revision;
    this.#value = value;
    this.#revision = revision;
    this.#deadlineMs = sentMs + HOLD_MS;
    this.lost = new Promise((resolve) => (this.#markLost = resolve));
    this.#armExpiry();
    this.#renewing = this.#renewForEver();
  }

  isHeld(): boolean {
    return this.#held && performance.now() < this.#deadlineMs;
  }

  onWish(listener: (load: number) => void): void {
    const stop = listenForWishes(this.link, this.name, listener);
    void this.lost.then(stop);
  }

  async release(): Promise<void> {
    const wasHeld = this.isHeld();
    this.#lose();
    await this.#renewing;
    if (!wasHeld || !this.link.connected) return;
    try {
      await this.kv.delete(this.name, { previousSeq: this.#revision });
    } catch (error) {
      this.link.log.debug?.({ err: error, lease: this.name }, 'the lease could not be given back; it expires');
    }
  }

  async #renewForEver(): Promise<void> {
    let waitMs = RENEW_INTERVAL_MS;
    while (this.#held) {
      await pauseFor(waitMs, this.#ending.signal);
      if (!this.isHeld()) return this.#lose();
      waitMs = (await this.#renew()) ? RENEW_INTERVAL_MS : RETRY_WAIT_MS;
    }
  }

  async #renew(): Promise<boolean> {
    const sentMs = performance.now();
    this.#unknownSinceMs ??= sentMs;
    try {
      const value = JSON.stringify(this.#value);
      this.#confirm(await this.kv.update(this.name, value, this.#revision, RENEW_INTERVAL_MS), sentMs);
      return true;
    } catch (error) {
      // Somebody else's revision, or our own renewal whose answer was lost.
      return await this.#readBack(this.#unknownSinceMs, isOutpaced(error));
    }
  }

  /** A revision of ours that we did not know is at least as young as the first renewal without an answer. */
  async #readBack(sentMs: number, outpaced: boolean): Promise<boolean> {
    try {
      const entry = await this.kv.get(this.name);
      const isOurs = entry?.operation === 'PUT' && readValue(entry)?.session === this.#value.session;
      if (!isOurs) this.#lose();
      else if (entry.revision !== this.#revision) this.#confirm(entry.revision, sentMs);
      return isOurs;
    } catch (error) {
      if (outpaced) this.#lose();
      this.link.log.debug?.({ err: error, lease: this.name }, 'the lease could not be renewed');
      return false;
    }
  }

  #confirm(revision: number, sentMs: number): void {
    this.#revision = revision;
    this.#unknownSinceMs = undefined;
    this.#deadlineMs = sentMs + HOLD_MS;
    this.#armExpiry();
  }

  #armExpiry(): void {
    clearTimeout(this.#expiry);
    if (this.#held) this.#expiry = setTimeout(() => this.#lose(), Math.max(0, this.#deadlineMs - performance.now()));
  }

  #lose(): void {
    if (!this.#held) return;
    this.#held = false;
    clearTimeout(this.#expiry);
    this.#ending.abort();
    this.#markLost();
  }
}

function isOutpaced(error: unknown): boolean {
  const code = apiErrorCode(error);
  return (
    code === JetStreamApiCodes.StreamWrongLastSequence || code === JetStreamApiCodes.StreamWrongLastSequenceUnknown
  );
}

function readValue(entry: KvEntry): LeaseValue | undefined {
  try {
    return entry.json<LeaseValue>();
  } catch {
    return undefined;
  }
}
