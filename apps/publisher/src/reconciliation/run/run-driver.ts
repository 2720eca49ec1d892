import { escapeToken, MeshError, type PlaceRange, type RecordKey } from '@crm-mesh/contract';
import type { Pair } from '@crm-mesh/control';
import { attribute, HARMLESS, isRepairable, WAITING, type RecordFacts } from '@crm-mesh/reconciliation';
import { classifyError } from '@crm-mesh/sdk/running';
import type { Logger } from '@crm-mesh/telemetry';
import { pauseFor } from '../../pause-for.js';
import { decideWaitMs } from '../../polling/decide-wait.js';
import { decideGate, listGateCounts } from './decide-gate.js';
import { findLastReport } from './last-report.js';
import type { OpenedLeg, OpenLeg } from './leg.js';
import { RunMoved, type Difference, type Fate, type KeptRun, type RunRows } from './run-rows.js';
import {
  beginUnits,
  endUnit,
  findCurrent,
  REPAIRED_AT_ONCE,
  sumUnits,
  takeStep,
  type RunEnd,
  type RunState,
} from './run-state.js';

export interface RunDriverOptions {
  rows: RunRows;
  openLeg: OpenLeg;
  log: Logger;
  /** When it is written down. */
  onEnded(state: RunState): Promise<void>;
  onRepaired(state: RunState, repaired: readonly Difference[]): void;
  now(): number;
  /** 0 to 1. */
  random(): number;
}

const LABELLED_AT_ONCE = 200;
/** What differs beyond is counted, and not looked into: whoever has so many wants to know one reason, not each. */
const MOST_LABELLED = 10_000;
/** In a row. */
const MOST_FAILURES = 6;
/** Tried again, they would only be the same. */
const HOPELESS: readonly string[] = [
  ...['MESH_CONFIG_INVALID', 'MESH_CONNECTION_UNKNOWN', 'MESH_CONTROL_INVALID', 'MESH_PLUGIN_UNKNOWN'],
];

/** Carries one run on from where it is to its end; each step is written down before the next one begins. */
export class RunDriver {
  #leg: OpenedLeg | undefined;
  #failures = 0;

  constructor(
    private readonly run: string,
    private readonly options: RunDriverOptions,
  ) {}

  /** Resolves when the run has ended, or the signal has aborted. */
  async drive(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const kept = await this.options.rows.read(this.run);
        if (kept?.state.ended?.how === 'cancelled') return await this.options.onEnded(kept.state);
        if (!kept || kept.state.ended) return;
        await this.#goOn(kept, signal);
      } catch (error) {
        if (signal.aborted) return;
        // Cancelled, or another leads: it is read anew.
        if (!(error instanceof RunMoved)) await this.#noteFailure(error, signal);
      }
    }
  }

  async #goOn(kept: KeptRun, signal: AbortSignal): Promise<void> {
    const { state } = kept;
    const leg = (this.#leg ??= await this.options.openLeg(state.pair, state));
    if (state.phase === 'comparing') await this.#compare(kept, leg, signal);
    else if (state.phase === 'labelling') await this.#label(kept, leg, signal);
    else await this.#repair(kept, leg, signal);
  }

  async #compare(begun: KeptRun, leg: OpenedLeg, signal: AbortSignal): Promise<void> {
    const { range } = begun.state.scope;
    let kept = begun;
    if (!kept.state.units) kept = await this.#save(kept, beginUnits(kept.state, await leg.listUnits(), leg.upTo));
    for (let unit = findCurrent(kept.state); unit; unit = findCurrent(kept.state)) {
      for await (const step of leg.compare(unit, range).steps(unit.cursor, signal)) {
        signal.throwIfAborted();
        const found = step.found.filter(({ record }) => isInRange(record, range));
        kept = await this.#save(kept, takeStep(kept.state, step), found);
        const asks = this.#judgeCalls(kept.state);
        if (asks) return this.#end(kept, asks);
      }
      signal.throwIfAborted();
      kept = await this.#save(kept, endUnit(kept.state));
    }
    await this.#save(kept, { ...kept.state, phase: 'labelling' });
  }

  #judgeCalls({ units, budget, allowed }: RunState): Omit<RunEnd, 'atMs'> | undefined {
    const calls = sumUnits(units).calls - allowed.calls;
    if (calls < budget.maxCalls) return undefined;
    return { how: 'asked', question: 'calls', why: `${calls} requests are sent, as many as it may` };
  }

  async #label(begun: KeptRun, leg: OpenedLeg, signal: AbortSignal): Promise<void> {
    const { rows } = this.options;
    const { pair } = begun.state;
    let kept = begun;
    const last = await findLastReport(rows, kept.state);
    while (kept.state.labelled < MOST_LABELLED) {
      const found = await rows.readByFate(this.run, 'found', LABELLED_AT_ONCE);
      if (found.length === 0) break;
      const facts = await leg.collectFacts(found, last);
      signal.throwIfAborted();
      const labelled = found.map((one, at) => judge(pair, one, facts[at]!));
      kept = await this.#saveFates(kept, { labelled: kept.state.labelled + found.length }, labelled);
    }
    await this.#ask(kept);
  }

  async #ask(kept: KeptRun): Promise<void> {
    const { state } = kept;
    if (!state.repair) return this.#end(kept, { how: 'over' });
    const counts = listGateCounts(state, await this.options.rows.count(this.run));
    const gate = state.yes ? undefined : decideGate(counts, state.budget);
    if (gate) return this.#end(kept, { how: 'asked', ...gate });
    await this.#save(kept, { ...state, phase: 'repairing' });
  }

  async #repair(begun: KeptRun, leg: OpenedLeg, signal: AbortSignal): Promise<void> {
    const { rows } = this.options;
    let kept = begun;
    for (;;) {
      const some = await rows.readByFate(this.run, 'labelled', REPAIRED_AT_ONCE);
      if (some.length === 0) return this.#end(kept, { how: 'over' });
      const { budget, allowed, repaired } = kept.state;
      const room = budget.maxRepairs - (repaired - allowed.repairs);
      if (room <= 0) {
        const why = `${repaired - allowed.repairs} repairs are sent, as many as it may`;
        return this.#end(kept, { how: 'asked', question: 'repairs', why });
      }
      kept = await this.#repairSome(kept, leg, { batch: some.slice(0, room), signal });
      if (kept.state.ended) return;
    }
  }

  /** What is sent is counted, also where the next one fails or the run is cancelled meanwhile. */
  async #repairSome(
    kept: KeptRun,
    leg: OpenedLeg,
    { batch, signal }: { batch: readonly Difference[]; signal: AbortSignal },
  ): Promise<KeptRun> {
    const done: Difference[] = [];
    try {
      for (const one of batch) {
        signal.throwIfAborted();
        done.push(await this.#repairOne(kept.state, leg, one));
      }
    } catch (error) {
      if (done.length > 0) await this.#countRepairs(kept, leg, { done, of: batch.length });
      throw error;
    }
    return this.#countRepairs(kept, leg, { done, of: batch.length });
  }

  async #countRepairs(
    kept: KeptRun,
    leg: OpenedLeg,
    { done, of }: { done: readonly Difference[]; of: number },
  ): Promise<KeptRun> {
    const sent = done.filter(({ fate }) => fate === 'repaired');
    const repaired = kept.state.repaired + sent.length;
    const saved = await this.#saveFates(kept, { repaired }, done).catch(async (error: unknown) => {
      const cancelled = error instanceof RunMoved ? await this.options.rows.read(this.run) : undefined;
      if (!cancelled?.state.uncounted) throw error;
      // Of a batch that is half done, whoever drove the run before may have sent the rest.
      const left = done.length < of ? Math.max(0, cancelled.state.uncounted - done.length) : 0;
      return this.options.rows.saveFates(cancelled, countUncounted(cancelled.state, sent.length, left), done);
    });
    this.options.onRepaired(saved.state, sent);
    leg.noteRepaired?.(sent);
    return saved;
  }

  async #repairOne({ run, by }: RunState, leg: OpenedLeg, one: Difference): Promise<Difference> {
    const { label, fate: _fate, ...mismatch } = one;
    const outcome = await leg.repairer.repair(mismatch, { run, by, label: label ?? '' });
    return { ...one, fate: outcome === 'sent' ? 'repaired' : outcome };
  }

  #save(kept: KeptRun, state: RunState, found: Parameters<RunRows['save']>[2] = []): Promise<KeptRun> {
    return this.options.rows.save(kept, this.#noteSuccess(state), found);
  }

  #saveFates(kept: KeptRun, change: Partial<RunState>, fates: readonly Difference[]): Promise<KeptRun> {
    return this.options.rows.saveFates(kept, this.#noteSuccess({ ...kept.state, ...change }), fates);
  }

  #noteSuccess({ trouble: _trouble, ...state }: RunState): RunState {
    this.#failures = 0;
    return { ...state, savedMs: this.options.now() };
  }

  async #end(kept: KeptRun, end: Omit<RunEnd, 'atMs'>): Promise<void> {
    const { rows, now, log, onEnded } = this.options;
    const ended = { atMs: now(), ...end };
    const { state } = await rows.save(kept, { ...kept.state, ended });
    log.info({ run: this.run, pair: state.pair.name, ...end }, 'the reconciliation has ended');
    await onEnded(state);
  }

  async #noteFailure(error: unknown, signal: AbortSignal): Promise<void> {
    const { rows, now, log, random } = this.options;
    this.#failures += 1;
    const message = error instanceof MeshError ? error.what : error instanceof Error ? error.message : String(error);
    const isLast = this.#failures >= MOST_FAILURES || isHopeless(error);
    log.warn({ run: this.run, failures: this.#failures, err: error }, 'a step of the reconciliation failed');
    // The store itself may be what fails.
    try {
      const kept = await rows.read(this.run);
      if (kept && isLast) return await this.#end(kept, { how: 'failed', why: message });
      if (kept) await rows.save(kept, { ...kept.state, trouble: { atMs: now(), message } });
    } catch (err) {
      log.warn({ run: this.run, err }, 'the failure could not be written down');
    }
    await pauseFor(decideWaitMs(error, this.#failures, random()), signal);
  }
}

function countUncounted({ uncounted: _uncounted, ...state }: RunState, sent: number, left: number): RunState {
  return { ...state, repaired: state.repaired + sent, ...(left > 0 ? { uncounted: left } : {}) };
}

function judge({ leg }: Pair, one: Difference, facts: RecordFacts): Difference {
  const label = attribute(leg, one, facts);
  const judged = (fate: Fate): Difference => ({ ...one, label, fate });
  if (HARMLESS.has(label)) return judged('left');
  if (WAITING.has(label)) return judged('waits');
  return judged(isRepairable(one, facts) ? 'labelled' : 'impossible');
}

function isHopeless(error: unknown): boolean {
  return error instanceof MeshError ? HOPELESS.includes(error.code) : classifyError(error).kind === 'permanent';
}

function isInRange({ id }: RecordKey, range: PlaceRange | undefined): boolean {
  if (!range) return true;
  const place = escapeToken(id);
  return place >= range.from && (range.to === undefined || place < range.to);
}
