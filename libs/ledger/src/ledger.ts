import { eventFilter, type EntityScope, type PlaceRange, type RecordKey } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import type { Store } from '@crm-mesh/store';
import { CommitLoop } from './commit-loop.js';
import { EntryFolder } from './entry-folder.js';
import { EntryMemory } from './entry-memory.js';
import { openEntry, type LedgerEntry, type LoggedEvent, type SeenStatement } from './ledger-entry.js';
import { countRecords, readEntries, readEntriesOf, readEntry, savePosition, type PageRequest } from './ledger-rows.js';
import { readerOf } from './ledger-state.js';
import { LedgerWriter } from './ledger-writer.js';
import { LogReader, type LedgerLog } from './log-reader.js';
import { listEntities, readMarks, readRanges, type KeyRange, type PackedMarks } from './mark-pages.js';
import { preparePosition } from './prepare-position.js';
import { readLoggedEvent } from './read-logged-event.js';
import { nameKey } from './row-keys.js';
import { countUnread, readUnread, type UnreadCount, type UnreadRecord, type UnreadRequest } from './unread-rows.js';

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
  /** Only the benchmark says no, to see what the digests of ranges cost. */
  keepsRanges?: boolean;
}

const STREAM = 'CRM_EVENTS';
/** More than this waits for the store before it takes more in. */
const MAX_DIRTY = 20_000;

/** Per record: version, content, state; a projection of CRM_EVENTS. A dead process loses nothing: the log is the truth. */
export class Ledger {
  readonly #options: LedgerOptions;
  readonly #memory: EntryMemory;
  readonly #folder: EntryFolder;
  readonly #writer: LedgerWriter;
  readonly #commits: CommitLoop;
  readonly #now: () => number;
  /** Of the present life; before the first there is none. */
  #reader: LogReader | undefined;
  #replaying: Promise<void> | undefined;
  readonly #watchers = new Set<(keys: readonly RecordKey[]) => void>();
  #records = 0;

  private constructor(options: LedgerOptions) {
    this.#options = options;
    this.#now = options.monotonicNow ?? ((): number => performance.now());
    this.#memory = new EntryMemory(options.cachedEntries ?? 20_000);
    this.#folder = new EntryFolder(this.#memory, (key) => readEntry(options.store, key));
    this.#writer = new LedgerWriter(options.store, 'ledger', options.keepsRanges);
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
    return this.#reader?.upTo ?? 0;
  }

  /** How many records were told of. */
  get records(): number {
    return this.#records;
  }

  /**
   * Begins again from what is committed and replays the log from there; a new leader's first step. `replace` may change the
   * tables before: nothing is taken in meanwhile, and all that was is committed.
   */
  async replay(replace?: () => Promise<void>): Promise<void> {
    while (this.#replaying) await this.#replaying.catch(() => undefined);
    this.#replaying = this.#beginAgain(replace).finally(() => (this.#replaying = undefined));
    await this.#replaying;
  }

  /** Tells of the records that each commit has written; call what it returns to hear no more. */
  watchCommits(listener: (keys: readonly RecordKey[]) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  async get(key: RecordKey): Promise<LedgerEntry | undefined> {
    const stored = await this.#folder.find(key);
    return stored && openEntry(stored);
  }

  /** One for each key, in their order. */
  async getMany(keys: readonly RecordKey[]): Promise<(LedgerEntry | undefined)[]> {
    const away = keys.filter((key) => !this.#memory.get(key));
    const stored = await readEntriesOf(readerOf(this.#options.store), away);
    return keys.map((key) => {
      // Memory may have come to know more while the store was read.
      const entry = this.#memory.get(key) ?? stored.get(nameKey(key));
      return entry && openEntry(entry);
    });
  }

  /** Takes in an event of the log. Idempotent, and monotone per record. */
  async apply(logged: LoggedEvent): Promise<void> {
    await this.#untilReplayed();
    await this.#apply(logged);
  }

  async #apply(logged: LoggedEvent): Promise<void> {
    if (this.#memory.dirtyCount > MAX_DIRTY) await this.#commits.committed();
    if (await this.#folder.fold(logged)) this.#records += 1;
    this.#reader?.mark(logged.sequence);
    this.#requestCommit();
  }

  /** Keeps that a statement was seen and told nobody; resolves when that is committed. */
  async noteSeen(key: RecordKey, seen: SeenStatement): Promise<void> {
    await this.#untilReplayed();
    if (await this.#folder.foldSeen(key, seen)) await this.#commits.committed();
  }

  /** Brings one record up: applies its events from this sequence on. */
  async catchUp(key: RecordKey, fromSequence: number): Promise<void> {
    const filterSubject = eventFilter(key);
    for await (const message of this.#options.nats.readStream(STREAM, { fromSequence, filterSubject })) {
      const logged = await readLoggedEvent(this.#options.nats, message);
      if (logged) await this.apply(logged);
    }
  }

  /** Resolves when everything that was in the log `maxAgeMs` ago is in the ledger. */
  async ensureFresh(maxAgeMs: number): Promise<void> {
    // Reading takes time too.
    while (this.#now() - (this.#reader?.freshAtMs ?? -Infinity) > maxAgeMs) await this.refresh();
  }

  /** Reads what others, or a publish whose answer was lost, have put into the log. */
  async refresh(): Promise<void> {
    await this.#untilReplayed();
    await this.#reader?.refresh();
    this.#requestCommit();
  }

  /** Entries in the order of their keys, with all that the log says up to the sequence. */
  async readPage({ upTo, ...page }: PageRequest & { upTo: number }): Promise<LedgerEntry[]> {
    if (this.position < upTo) await this.refresh();
    if (this.#memory.dirtyCount > 0) await this.flush();
    return (await readEntries(this.#options.store, page)).map(openEntry);
  }

  /** Digests of all that is there of an entity, as of all that was applied before the call. */
  async readRanges(scope: EntityScope): Promise<KeyRange[]> {
    if (this.#memory.dirtyCount > 0) await this.flush();
    return readRanges(this.#options.store, scope);
  }

  /** The records that are there, with their versions, a line each; go on behind `after` with `placeBehind`. */
  async readMarks(page: EntityScope & PlaceRange & { limit: number }): Promise<PackedMarks> {
    if (this.#memory.dirtyCount > 0) await this.flush();
    return readMarks(this.#options.store, page);
  }

  /** Of which records were told. */
  async listEntities(): Promise<EntityScope[]> {
    if (this.#memory.dirtyCount > 0) await this.flush();
    return listEntities(this.#options.store);
  }

  /** Records of which something could not be read, with all that the log says now. */
  async readUnread(request: UnreadRequest): Promise<UnreadRecord[]> {
    await this.refresh();
    if (this.#memory.dirtyCount > 0) await this.flush();
    return readUnread(this.#options.store, request);
  }

  /** How many there are, as far as is committed. */
  countUnread(): Promise<UnreadCount[]> {
    return countUnread(this.#options.store);
  }

  /** Commits what has gathered. */
  flush(): Promise<void> {
    return this.#commits.run();
  }

  async close(): Promise<void> {
    // Not awaited: a server that is away must not keep us.
    void this.#reader?.end();
    await this.#commits.end();
  }

  async #beginAgain(replace?: () => Promise<void>): Promise<void> {
    await this.#reader?.end();
    // What is noted while a commit is written must be committed too before memory is emptied.
    do await this.#commits.run();
    while (this.#memory.dirtyCount > 0);
    this.#memory.clear();
    // Whether it succeeds or not: what lies in the tables is what is begun with.
    const [replaced] = await Promise.allSettled([replace?.()]);
    this.#memory.forgetRecent();
    await this.#readOn();
    if (replaced.status === 'rejected') throw replaced.reason;
  }

  async #readOn(): Promise<void> {
    const { nats, store, log, gapMs = 250 } = this.#options;
    const state = await nats.streamState(STREAM);
    const from = await preparePosition({ nats, store, stream: STREAM, writer: this.#writer }, state);
    this.#records = await countRecords(store);
    const { incarnation } = state;
    const [now, apply] = [this.#now, (logged: LoggedEvent) => this.#apply(logged)];
    this.#reader = new LogReader({ nats, log, stream: STREAM, incarnation, from, gapMs, now, apply });
    await this.#reader.refresh();
    await this.#commits.run();
    log.info({ position: this.position, replayed: this.position - from, records: this.#records }, 'ledger');
  }

  /** What works on the ledger waits while it begins again: memory, rows and position change under it. */
  async #untilReplayed(): Promise<void> {
    while (this.#replaying) await this.#replaying.catch(() => undefined);
  }

  #requestCommit(): void {
    if (this.#memory.dirtyCount >= (this.#options.commitRows ?? 500))
      void this.#commits.run().catch(() => this.#commits.request());
    else this.#commits.request();
  }

  async #commit(): Promise<void> {
    // Taken at one moment: everything up to the position is in these entries or committed before.
    const { upTo: position = 0, incarnation } = this.#reader ?? {};
    const entries = this.#memory.beginCommit();
    try {
      const isShared = await this.#writer.write(async (transaction) => {
        await this.#writer.put(transaction, entries);
        if (incarnation !== undefined) await savePosition(transaction, incarnation, position);
      });
      this.#memory.endCommit(true);
      if (isShared) this.#memory.forgetRecent();
      for (const tell of this.#watchers) tell(entries.map(({ key }) => key));
    } catch (error) {
      this.#memory.endCommit(false);
      this.#options.log.warn({ err: error, rows: entries.length }, 'the ledger could not be committed; it tries again');
      throw error;
    }
  }
}
