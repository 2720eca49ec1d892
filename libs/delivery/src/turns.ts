import type { Lane } from './lane.js';
import type { DeliveryPolicy, EachLimit } from './policy.js';
import { fullBucket, isFull, refill, untilTokensMs, type TokenBucket } from './token-bucket.js';

/** What a lane waits for: its turn under the limit of the whole consumer … */
export const TURN_OF_ALL = Symbol('turn of all');
/** … or under that of its key, while lanes of other keys go on. */
export const TURN_OF_KEY = Symbol('turn of its key');

/** A lane that waits for a place is woken when one is free; should it miss that, it looks after so long. */
const LOOK_AGAIN_MS = 30_000;
/** Above this, keys that nothing runs or waits for are forgotten. */
const MOST_IDLE_KEYS = 1_000;

export interface TurnsDependencies {
  now(): number;
  /** A place is free for a lane that waits for one. Returns whether it was there to take it. */
  wake(lane: Lane): boolean;
}

export interface Wait {
  ms: number;
  for: typeof TURN_OF_ALL | typeof TURN_OF_KEY;
}

/**
 * The limits of one consumer: runs a second, for the whole and for each key, and runs at once for each key. Nothing is
 * taken before a run begins, so what waits for something else meanwhile wastes nothing, and nothing is saved up for it.
 */
export class Turns {
  readonly #all: Limit | undefined;
  readonly #keys = new Map<string, Limit>();

  constructor(
    private readonly policy: Pick<DeliveryPolicy, 'rateLimit' | 'each'>,
    private readonly deps: TurnsDependencies,
  ) {
    if (policy.rateLimit) this.#all = new Limit({ rateLimit: policy.rateLimit }, deps.now());
  }

  /** How long the lane has to wait; undefined: it may {@link begin}. To be asked again when the wait is over. */
  ask(lane: Lane, key: string): Wait | undefined {
    const nowMs = this.deps.now();
    const ofKey = this.#limitOf(key)?.ask(lane, nowMs) ?? 0;
    const ofAll = this.#all?.ask(lane, nowMs) ?? 0;
    if (ofKey === 0 && ofAll === 0) return undefined;
    return ofKey >= ofAll ? { ms: ofKey, for: TURN_OF_KEY } : { ms: ofAll, for: TURN_OF_ALL };
  }

  /** A run begins. Returns the way to say that it has ended. */
  begin(key: string): () => void {
    const nowMs = this.deps.now();
    this.#all?.take(nowMs);
    const limit = this.#limitOf(key);
    if (!limit) return () => undefined;
    limit.take(nowMs);
    return () => {
      for (const lane of limit.giveBack()) if (this.deps.wake(lane)) break;
      if (this.#keys.size > MOST_IDLE_KEYS) this.#forgetIdle();
    };
  }

  #limitOf(key: string): Limit | undefined {
    const { each } = this.policy;
    if (!each) return undefined;
    let limit = this.#keys.get(key);
    if (!limit) this.#keys.set(key, (limit = new Limit(each, this.deps.now())));
    return limit;
  }

  #forgetIdle(): void {
    const nowMs = this.deps.now();
    for (const [key, limit] of this.#keys) if (limit.isIdle(nowMs)) this.#keys.delete(key);
  }
}

class Limit {
  readonly #waiting = new Set<Lane>();
  #bucket: TokenBucket;
  #running = 0;

  constructor(
    private readonly limits: Omit<EachLimit, 'by'>,
    nowMs: number,
  ) {
    this.#bucket = limits.rateLimit ? fullBucket(limits.rateLimit, nowMs) : { tokens: 0, atMs: nowMs };
  }

  /** How long the lane waits, behind those that wait already; who has waited and comes again is next. 0: not at all. */
  ask(lane: Lane, nowMs: number): number {
    const { rateLimit, concurrency = Infinity } = this.limits;
    const ahead = this.#waiting.delete(lane) ? 0 : this.#waiting.size;
    let waitMs = 0;
    if (rateLimit) {
      this.#bucket = refill(this.#bucket, rateLimit, nowMs);
      if (untilTokensMs(this.#bucket, rateLimit, 1) > 0) waitMs = untilTokensMs(this.#bucket, rateLimit, 1 + ahead);
    }
    if (this.#running >= concurrency) waitMs = Math.max(waitMs, LOOK_AGAIN_MS);
    if (waitMs > 0) this.#waiting.add(lane);
    return waitMs;
  }

  take(nowMs: number): void {
    const { rateLimit } = this.limits;
    if (rateLimit) {
      const { tokens, atMs } = refill(this.#bucket, rateLimit, nowMs);
      this.#bucket = { tokens: tokens - 1, atMs };
    }
    this.#running++;
  }

  /** Returns who waits for the place, the first that came first; none where no place was missing. */
  giveBack(): Iterable<Lane> {
    const wasFull = this.#running >= (this.limits.concurrency ?? Infinity);
    this.#running--;
    return wasFull ? this.#waiting : [];
  }

  isIdle(nowMs: number): boolean {
    const { rateLimit } = this.limits;
    if (this.#running > 0 || this.#waiting.size > 0) return false;
    return !rateLimit || isFull(refill(this.#bucket, rateLimit, nowMs), rateLimit);
  }
}
