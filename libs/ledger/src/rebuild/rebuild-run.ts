import { formatRecordKey, type RecordKey } from '@crm-mesh/contract';
import { isClaimed, type StoredMessage, type StreamState } from '@crm-mesh/jetstream';
import type { Transaction } from '@crm-mesh/store';
import { findWrongRanges } from '../check-ranges.js';
import type { StoredEntry } from '../ledger-entry.js';
import { readEntries, readEntriesOf } from '../ledger-rows.js';
import { readerOf, readState, saveState, StateMoved, type KeptState } from '../ledger-state.js';
import type { Ledger } from '../ledger.js';
import { nameKey } from '../row-keys.js';
import { decideCarry, type Carry } from './decide-carry.js';
import { REBUILD, restartComparing, type RebuildFindings, type RebuildState } from './rebuild-state.js';
import { ShadowBuilder, type ShadowBuilderOptions } from './shadow-builder.js';
import { countShadow, emptyShadow, swapTables } from './shadow-tables.js';

export interface RebuildRunOptions extends ShadowBuilderOptions {
  /** The one that is used, in the process that leads. */
  ledger: Ledger;
  /** Epoch milliseconds. */
  now(): number;
}

const STREAM = 'CRM_EVENTS';
const EVENTS_AT_ONCE = 500;
const BYTES_AT_ONCE = 4 * 1_024 * 1_024;
const ROWS_AT_ONCE = 500;
/** The rest of the log is short enough for the normaliser to wait while it is read. */
const SHORT_REST = 500;
const EXAMPLES = 20;

/**
 * Does a rebuild, or goes on with one that another process has begun. The ledger is used and kept meanwhile; only for the
 * last events of the log, and for the change of the tables' names, does everybody wait. Each step is one transaction with
 * the state of the rebuild, over the state that was read: of two that believe to lead one alone comes further.
 */
export class RebuildRun {
  readonly #shadow: ShadowBuilder;
  #kept: KeptState<RebuildState> = { revision: 0, state: undefined };
  /** Records that have changed since they were compared. */
  readonly #touched = new Map<string, RecordKey>();

  constructor(private readonly options: RebuildRunOptions) {
    this.#shadow = new ShadowBuilder(options);
  }

  /** Resolves when nothing is left to be done, here: it is over, or another process is at it. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      this.#kept = await readState(readerOf(this.options.store), REBUILD);
      while (this.#kept.state && !this.#kept.state.ended) await this.#step(this.#kept.state, signal);
    } catch (error) {
      // Cancelled, or another leads: whoever runs next reads what there is.
      if (!(error instanceof StateMoved)) throw error;
    }
  }

  #step(state: RebuildState, signal: AbortSignal): Promise<void> {
    switch (state.phase) {
      case 'emptying':
        return this.#begin(state, signal);
      case 'reading':
        return this.#readLog(state, signal);
      case 'comparing':
        return this.#compare(state, signal);
      case 'leaving':
        return this.#leave(state, signal);
    }
  }

  async #begin(state: RebuildState, signal: AbortSignal): Promise<void> {
    await emptyShadow(this.options.store, signal);
    const { incarnation, firstSequence: from, lastSequence: to, messages } = await this.#readStreamState();
    const log = { incarnation, from, position: Math.max(0, from - 1), to };
    await this.#save({ ...state, phase: 'reading', log, events: 0, totalEvents: messages });
  }

  async #readLog(state: RebuildState, signal: AbortSignal): Promise<void> {
    if (!(await this.#isSameLog(state))) return;
    await this.#readToEnd(signal);
    const { store, ledger } = this.options;
    const { log } = this.#state;
    if ((await this.#readStreamState()).lastSequence - log.position > SHORT_REST) return;
    await store.write((transaction) => this.#saveIn(transaction, restartComparing(this.#state, ledger.records)));
  }

  /** A log that was made anew is read from its beginning. */
  async #isSameLog(state: RebuildState): Promise<boolean> {
    const { incarnation } = await this.#readStreamState();
    if (incarnation === state.log.incarnation) return true;
    await this.#save({ ...state, phase: 'emptying' });
    return false;
  }

  async #readToEnd(signal: AbortSignal): Promise<void> {
    const { nats } = this.options;
    const { lastSequence: to } = await this.#readStreamState();
    const fromSequence = this.#state.log.position + 1;
    let [batch, bytes]: [StoredMessage[], number] = [[], 0];
    const fold = async (position: number): Promise<void> => {
      signal.throwIfAborted();
      const { log, events, totalEvents } = this.#state;
      const read = events + batch.length;
      const next = { ...this.#state, events: read, totalEvents: Math.max(totalEvents, read) };
      await this.#shadow.fold(batch, (tx) => this.#saveIn(tx, { ...next, log: { ...log, position, to } }));
      [batch, bytes] = [[], 0];
    };
    if (fromSequence <= to)
      for await (const message of nats.readStream(STREAM, { fromSequence, toSequence: to })) {
        batch.push(message);
        bytes += message.data.length;
        // What lies in the object store may be large: no two of them at once.
        const isFull = batch.length === EVENTS_AT_ONCE || bytes > BYTES_AT_ONCE || isClaimed(message.data);
        if (isFull) await fold(message.sequence);
      }
    if (to > this.#state.log.position) await fold(to);
  }

  async #compare(state: RebuildState, signal: AbortSignal): Promise<void> {
    const { ledger, store, log } = this.options;
    this.#touched.clear();
    const stopWatching = ledger.watchCommits((keys) => this.#touch(keys));
    try {
      await this.#save(restartComparing(state, ledger.records));
      await this.#compareAll(signal);
      if (state.goal === 'verify') {
        const found = { ...this.#state.found, wrongRanges: await findWrongRanges(store) };
        return await this.#save({ ...this.#state, found, phase: 'leaving', ending: 'over' });
      }
      await this.#readToEnd(signal);
      await ledger.replay(() => this.#takeOver(signal));
      log.info({ ...this.#state.found, events: this.#state.events }, 'the ledger was built anew from the log');
    } finally {
      stopWatching();
    }
  }

  async #compareAll(signal: AbortSignal): Promise<void> {
    const { ledger, store } = this.options;
    // What the log says up to where it is read for the new one is in the rows of the old one, too.
    await ledger.refresh();
    await ledger.flush();
    let [matched, added] = [0, 0];
    for (let after: RecordKey | undefined; ;) {
      signal.throwIfAborted();
      const page: StoredEntry[] = await readEntries(store, { after, limit: ROWS_AT_ONCE });
      if (page.length === 0) break;
      const counts = await this.#comparePage(page, true);
      matched += counts.matched;
      added += counts.added;
      after = page.at(-1)!.key;
    }
    const isKept = this.#state.goal === 'rebuild';
    const missing = (await countShadow(store)) - matched - (isKept ? added : 0);
    await this.#save({ ...this.#state, found: { ...this.#state.found, missing } });
  }

  /** How many of the page are in the new ledger, and how many are added to it. */
  async #comparePage(page: readonly StoredEntry[], isCounted: boolean): Promise<{ matched: number; added: number }> {
    const rebuilt = await this.#shadow.read(page.map(({ key }) => key));
    const carries = page.map((kept) => ({
      kept,
      ...decideCarry(kept, rebuilt.get(nameKey(kept.key)), this.#state.log),
    }));
    this.#touch(carries.filter(({ verdict }) => verdict === 'later').map(({ kept }) => kept.key));
    const { compared, found, goal } = this.#state;
    const next = { ...this.#state, compared: compared + page.length, found: addFindings(found, carries) };
    await this.#shadow.write(async (transaction) => {
      await this.#saveIn(transaction, isCounted ? next : this.#state);
      if (goal === 'rebuild') await this.#shadow.carry(transaction, carries);
    });
    const added = carries.filter(({ kept, entry }) => entry && !rebuilt.has(nameKey(kept.key))).length;
    return { matched: rebuilt.size, added };
  }

  /** Nothing is taken in meanwhile. */
  async #takeOver(signal: AbortSignal): Promise<void> {
    await this.#readToEnd(signal);
    const keys = [...this.#touched.values()];
    for (let start = 0; start < keys.length; start += ROWS_AT_ONCE) {
      const some = await readEntriesOf(readerOf(this.options.store), keys.slice(start, start + ROWS_AT_ONCE));
      await this.#comparePage([...some.values()], false);
    }
    await this.#shadow.write(async (transaction) => {
      await this.#saveIn(transaction, { ...this.#state, phase: 'leaving', ending: 'over' });
      await swapTables(transaction, this.#state.log);
    });
  }

  async #leave(state: RebuildState, signal: AbortSignal): Promise<void> {
    await emptyShadow(this.options.store, signal);
    await this.#save({ ...state, ended: { atMs: this.options.now(), how: state.ending ?? 'over' } });
  }

  #touch(keys: readonly RecordKey[]): void {
    for (const key of keys) this.#touched.set(nameKey(key), key);
  }

  get #state(): RebuildState {
    return this.#kept.state!;
  }

  #readStreamState(): Promise<StreamState> {
    return this.options.nats.streamState(STREAM);
  }

  #save(state: RebuildState): Promise<void> {
    return this.options.store.write((transaction) => this.#saveIn(transaction, state));
  }

  /** A transaction that fails ends the run: the next one reads what there is. */
  async #saveIn(transaction: Transaction, state: RebuildState): Promise<void> {
    const { revision } = this.#kept;
    await saveState(transaction, REBUILD, { revision, state });
    this.#kept = { revision: revision + 1, state };
  }
}

function addFindings(found: RebuildFindings, carries: readonly (Carry & { kept: StoredEntry })[]): RebuildFindings {
  const different = carries.filter(({ verdict }) => verdict === 'different');
  return {
    ...found,
    different: found.different + different.length,
    unlogged: found.unlogged + carries.filter(({ verdict }) => verdict === 'unlogged').length,
    examples: [...found.examples, ...different.map(({ kept }) => formatRecordKey(kept.key))].slice(0, EXAMPLES),
  };
}
