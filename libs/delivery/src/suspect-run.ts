import type { Logger } from '@crm-mesh/telemetry';
import type { Quarantine } from './quarantine.js';
import { keyOf, type ItemRef } from './store/item-rows.js';
import type { LifeRecords } from './store/life-records.js';
import { chooseBatchSize, decideSuspicion, isCondemned, type Suspicion } from './suspicion.js';

/** The oldest message of a lane, to be run as a suspect. */
export interface SuspectStep {
  ref: ItemRef;
  /** Runs it. Never rejects. */
  run(): Promise<void>;
}

export interface SuspectRunOptions {
  consumer: string;
  lives: LifeRecords;
  quarantine: Quarantine;
  log: Logger;
  insist<Result>(step: () => Promise<Result>): Promise<Result>;
  /** So many lanes run side by side at most. */
  concurrency: number;
  /** Suspects in hand at the head of their lanes. */
  listHeld(): SuspectStep[];
  /** Parked lanes whose time has come. */
  listParked(): { key: string; run(): Promise<void> }[];
  /** The oldest of a parked lane. */
  readParked(lane: string): Promise<ItemRef | undefined>;
}

/** One life of a consumer: knows how the last one ended, and runs what may have ended it before everything else. */
export class SuspectRun {
  #suspicion: Suspicion = { whom: 'none', kills: new Map() };
  #gathering = false;
  #stopped = false;
  #running: Promise<void> = Promise.resolve();

  constructor(private readonly options: SuspectRunOptions) {}

  /** Before anything is delivered. */
  async begin(): Promise<void> {
    const { consumer, lives, quarantine, log } = this.options;
    const last = await lives.readLast();
    const marks = last ? await lives.listMarks(last.runId) : [];
    this.#suspicion = decideSuspicion(last, marks, consumer);
    await lives.begin(quarantine.runId);
    if (this.#suspicion.whom === 'none') {
      const own = marks.filter((mark) => mark.consumer === consumer);
      if (own.length > 0 && last?.endedCleanly) await lives.unmark(own.map(({ ref }) => ref));
      return;
    }
    this.#gathering = true;
    quarantine.join(this);
    log.warn(
      { consumer, suspects: this.#suspicion.whom },
      'the last run ended without warning: what was in hand runs apart first',
    );
  }

  /** From a start after an unclean end until everything that was pending is back. */
  get isGathering(): boolean {
    return this.#gathering;
  }

  /** Whether something that was in hand at the end of the last life may have ended it. */
  isSuspect(ref: ItemRef, wasInHand: boolean): boolean {
    return this.#gathering && (this.#suspicion.whom === 'all' ? wasInHand : this.#suspicion.kills.has(keyOf(ref)));
  }

  isCondemned(ref: ItemRef): boolean {
    return isCondemned(this.#suspicion, ref);
  }

  /** Everything that was pending has come back. */
  async run(): Promise<void> {
    if (!this.#gathering) return;
    this.#gathering = false;
    this.#running = this.options.quarantine
      .inTurn(() => this.#runBatches())
      // Rejects only when stopping.
      .catch(() => undefined)
      .finally(() => this.options.quarantine.leave(this));
    await this.#running;
  }

  async end(): Promise<void> {
    this.#stopped = true;
    this.#gathering = false;
    await this.#running;
    this.options.quarantine.leave(this);
    const { lives, quarantine } = this.options;
    if (quarantine.endsCleanly) await lives.endCleanly(quarantine.runId);
  }

  async #runBatches(): Promise<void> {
    const { listHeld, concurrency } = this.options;
    const parked = await this.#listParkedSteps();
    while (!this.#stopped) {
      const steps = [...listHeld(), ...parked];
      const batch = steps.slice(0, Math.min(chooseBatchSize(steps.length), concurrency));
      if (batch.length === 0) return;
      parked.splice(0, batch.filter((step) => parked.includes(step)).length);
      await this.#runMarked(batch);
    }
  }

  async #runMarked(batch: readonly SuspectStep[]): Promise<void> {
    const { lives, insist, quarantine } = this.options;
    const refs = batch.map(({ ref }) => ref);
    await insist(() => lives.mark(refs, quarantine.runId, (ref) => this.#suspicion.kills.get(keyOf(ref)) ?? 0));
    await Promise.all(batch.map((step) => step.run()));
    await insist(() => lives.unmark(refs));
  }

  async #listParkedSteps(): Promise<SuspectStep[]> {
    const { listParked, readParked, insist } = this.options;
    const steps: SuspectStep[] = [];
    for (const { key, run } of listParked()) {
      const ref = await insist(() => readParked(key));
      if (ref && (this.#suspicion.whom === 'all' || this.#suspicion.kills.has(keyOf(ref)))) steps.push({ ref, run });
    }
    return steps;
  }
}
