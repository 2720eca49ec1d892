import { eventFilter, MeshError, type RecordKey } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import type { Store } from '@crm-mesh/store';
import { CommitLoop } from './commit-loop.js';
import { EntryMemory } from './entry-memory.js';
import { foldEvent, foldSeen, type LedgerEntry, type LoggedEvent, type SeenStatement } from './ledger-entry.js';
import { countRecords, readEntry, savePosition, upsertEntries } from './ledger-rows.js';
import { LogPosition } from './log-position.js';
import { preparePosition } from './prepare-position.js';
import { readLoggedEvent } from './read-logged-event.js';

export interface LedgerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface LedgerOptions {
  nats: Nats;
  store: Store;
  log: LedgerLog;
  /** Milliseconds that never go back; default `performance.now`. */
  monotonicNow?: () => number;
  /** Rows and position are committed together, after this or when `commitRows` have gathered. Default 50 ms, 500. */
  commitEveryMs?: number;
  commitRows?: number;
  /** Entries kept in memory. Default 20,000. */
  cachedEntries?: number;
  /** A sequence that is missing for so long is read from the stream: it is not ours in flight. Default 250 ms. */
  gapMs?: number;
}

const STREAM = 'CRM_EVENTS';
/** More than this waits for the store before it takes more in. */
const MAX_DIRTY = 20_000;

/** Per record: version, content, state; a projection of CRM_EVENTS. A dead process loses nothing: the log is the truth. */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #memory: EntryMemory;
  readonly #commits: CommitLoop;
  readonly #now: () => number;
  #position = new LogPosition(0);
  #incarnation = '';
  #records = 0;
  #gapTimer: NodeJS.Timeout | undefined;
  #refreshing: Promise<void> | undefined;
  /** Everything that was in the log at this moment is in the ledger. */
  #freshAtMs = -Infinity;

  private constructor(options: LedgerOptions) {
    this.#options = options;
    this.#now = options.monotonicNow ?? ((): number => performance.now());
    this.#memory = new EntryMemory(options.cachedEntries ?? 20_000);
    this.#commits = new CommitLoop(() => this.#commit(), options.commitEveryMs ?? 50);
  }

  /** Opens, and replays the log's tail. */
  static async open(options: LedgerOptions): Promise<Ledger> {
    const ledger = new Ledger(options);
    await ledger.replay();
    return ledger;
  }

  /** Sequence up to which everything in the log is applied. */
  get position(): number {
    return this.#position.upTo;
  }

  /** How many records were told of. */
  get records(): number {
    return this.#records;
  }

  /** Begins again from what is committed and replays the log from there; a new leader's first step. */
  async replay(): Promise<void> {
    const { nats, store, log } = this.#options;
    await this.#commits.run();
    this.#memory.clear();
    const state = await nats.streamState(STREAM);
    this.#incarnation = state.incarnation;
    const from = await preparePosition({ nats, store, stream: STREAM }, state);
    this.#records = await countRecords(store);
    this.#position = new LogPosition(from);
    await this.refresh();
    await this.#commits.run();
    log.info({ position: this.position, replayed: this.position - from, records: this.#records }, 'ledger');
  }

  async get(key: RecordKey): Promise<LedgerEntry | undefined> {
    const known = this.#memory.get(key);
    if (known) return known;
    const stored = await readEntry(this.#options.store, key);
    return stored ? this.#memory.remember(stored) : this.#memory.get(key);
  }

  /** Takes in an event of the log. Idempotent, and monotone per record. */
  async apply(logged: LoggedEvent): Promise<LedgerEntry> {
    if (this.#memory.dirtyCount > MAX_DIRTY) await this.#commits.committed();
    const before = await this.get(logged.address);
    // Nothing may be awaited from here on: another event of the record would be folded into an old entry.
    const current = this.#memory.get(logged.address) ?? before;
    const after = foldEvent(current, logged);
    if (after !== current) {
      if (after.version > 0 && (current?.version ?? 0) === 0) this.#records += 1;
      this.#memory.put(after);
    }
    this.#mark(logged.sequence);
    this.#requestCommit();
    return after;
  }

  /** Keeps that a statement was seen and told nobody; resolves when that is committed. */
  async noteSeen(key: RecordKey, seen: SeenStatement): Promise<void> {
    const before = await this.get(key);
    const current = this.#memory.get(key) ?? before;
    const after = foldSeen(current, key, seen);
    if (after === current) return;
    this.#memory.put(after);
    await this.#commits.committed();
  }

  /** Brings one record up: applies its events from this sequence on. */
  async catchUp(key: RecordKey, fromSequence: number): Promise<void> {
    const filterSubject = eventFilter(key);
    for await (const message of this.#options.nats.readStream(STREAM, { fromSequence, filterSubject })) {
      const logged = readLoggedEvent(message);
      if (logged) await this.apply(logged);
    }
  }

  /** Resolves when everything that was in the log `maxAgeMs` ago is in the ledger. */
  async ensureFresh(maxAgeMs: number): Promise<void> {
    if (this.#now() - this.#freshAtMs > maxAgeMs) await this.refresh();
  }

  /** Reads what others, or a publish whose answer was lost, have put into the log. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#readTail().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** Commits what has gathered. */
  flush(): Promise<void> {
    return this.#commits.run();
  }

  async close(): Promise<void> {
    clearTimeout(this.#gapTimer);
    await this.#commits.end();
  }

  async #readTail(): Promise<void> {
    const startedAtMs = this.#now();
    const state = await this.#options.nats.streamState(STREAM);
    if (state.incarnation !== this.#incarnation) {
      throw new MeshError('MESH_LEDGER_LOG_REPLACED', `${STREAM} was deleted and made anew while the ledger was open.`);
    }
    await this.#readRange(this.#position.upTo + 1, state.lastSequence);
    this.#freshAtMs = startedAtMs;
  }

  async #readRange(fromSequence: number, toSequence: number): Promise<void> {
    if (fromSequence > toSequence) return;
    for await (const message of this.#options.nats.readStream(STREAM, { fromSequence, toSequence })) {
      const logged = readLoggedEvent(message);
      if (logged) await this.apply(logged);
      else
        this.#options.log.warn(
          { sequence: message.sequence, subject: message.subject },
          'no event of ours, passed over',
        );
      this.#position.advanceTo(message.sequence);
    }
    this.#position.advanceTo(toSequence);
    this.#requestCommit();
  }

  #mark(sequence: number): void {
    this.#position.mark(sequence);
    const gap = this.#position.gap();
    if (!gap || this.#gapTimer) return;
    this.#gapTimer = setTimeout(() => void this.#readGap(gap.from), this.#options.gapMs ?? 250);
  }

  /** Only what has been missing since the timer was set: the rest are answers on their way. */
  async #readGap(since: number): Promise<void> {
    const gap = this.#position.gap();
    try {
      if (gap?.from === since) await this.#readRange(gap.from, gap.to);
    } catch (error) {
      this.#options.log.warn({ err: error, from: since }, 'a gap in the log could not be read yet');
    }
    this.#gapTimer = undefined;
    if (this.#position.gap()) this.#mark(this.#position.upTo);
  }

  #requestCommit(): void {
    if (this.#memory.dirtyCount >= (this.#options.commitRows ?? 500))
      void this.#commits.run().catch(() => this.#commits.request());
    else this.#commits.request();
  }

  async #commit(): Promise<void> {
    // Taken at one moment: everything up to the position is in these entries or committed before.
    const position = this.#position.upTo;
    const entries = this.#memory.beginCommit();
    try {
      await this.#options.store.write(async (transaction) => {
        await upsertEntries(transaction, entries);
        if (this.#incarnation) await savePosition(transaction, this.#incarnation, position);
      });
      this.#memory.endCommit(true);
    } catch (error) {
      this.#memory.endCommit(false);
      this.#options.log.warn({ err: error, rows: entries.length }, 'the ledger could not be committed; it tries again');
      throw error;
    }
  }
}
