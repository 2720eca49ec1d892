import type { Random } from '../../crm/draw-ids.js';

export interface StoredEvent {
  id: string;
  entityName: string;
  schemaId: string;
  payload: Buffer;
}

export interface Entry {
  replayId: bigint;
  atMs: number;
  /** Absent: a mark that was given to a client in an empty answer. */
  event?: StoredEvent;
}

const RETENTION_MS = 72 * 3_600_000;
const FIRST_REPLAY_ID = 41_830_000n;
const LONGEST_STEP = 9;

/** The event bus: what was told in the last 72 hours, under replay ids that rise, but not one by one. */
export class EventStream {
  private entries: Entry[] = [];
  private last = FIRST_REPLAY_ID;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly options: { random: Random; now(): number }) {}

  get size(): number {
    this.prune();
    return this.entries.filter(({ event }) => event !== undefined).length;
  }

  append(event: StoredEvent): void {
    this.push({ event });
    for (const listener of this.listeners) listener();
  }

  /** A fresh place at the end: a client that keeps it does not fall out of the retention while nothing happens. */
  mark(): bigint {
    return this.push({});
  }

  /** Whether a client may begin behind it: it was given to somebody, and is not too old. */
  knows(replayId: bigint): boolean {
    this.prune();
    return this.entries.some((entry) => entry.replayId === replayId);
  }

  /** At most so many events behind that place. */
  read(
    after: bigint,
    wanted: { isWanted(entityName: string): boolean; limit: number },
  ): (Entry & { event: StoredEvent })[] {
    this.prune();
    const found: (Entry & { event: StoredEvent })[] = [];
    for (let index = this.findNext(after); index < this.entries.length && found.length < wanted.limit; index += 1) {
      const entry = this.entries[index];
      if (entry?.event && wanted.isWanted(entry.event.entityName)) found.push({ ...entry, event: entry.event });
    }
    return found;
  }

  /** A refreshed org begins anew: all replay ids are void. */
  forget(): void {
    this.entries = [];
    this.last += 1_000_000n;
  }

  onAppend(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private push(entry: Pick<Entry, 'event'>): bigint {
    this.last += 1n + BigInt(Math.floor(this.options.random() * LONGEST_STEP));
    this.entries.push({ ...entry, replayId: this.last, atMs: this.options.now() });
    return this.last;
  }

  private prune(): void {
    const since = this.options.now() - RETENTION_MS;
    const kept = this.entries.findIndex(({ atMs }) => atMs > since);
    if (kept !== 0) this.entries = kept === -1 ? [] : this.entries.slice(kept);
  }

  /** Replay ids rise: the first that is greater, by halving. */
  private findNext(after: bigint): number {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.entries[middle]?.replayId ?? 0n) > after) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

export function showReplayId(replayId: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(replayId);
  return bytes;
}

/** Undefined: it has not the form of one. */
export function readReplayId(bytes: Uint8Array): bigint | undefined {
  return bytes.length === 8 ? Buffer.from(bytes).readBigUInt64BE() : undefined;
}
