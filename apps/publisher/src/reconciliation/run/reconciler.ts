import type { RecordKey } from '@crm-mesh/contract';
import type { RecordDifference } from '@crm-mesh/control';
import type { Lease, Nats } from '@crm-mesh/jetstream';
import { HARMLESS } from '@crm-mesh/reconciliation';
import type { Store } from '@crm-mesh/store';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import type { Connections } from '../../connections/connections.js';
import { pauseFor } from '../../pause-for.js';
import { publishReconcileAudit } from './audit.js';
import type { OpenLeg } from './leg.js';
import { ReconcileCounts } from './reconcile-counts.js';
import { RunDriver } from './run-driver.js';
import { RunRows } from './run-rows.js';
import { namePair, type RunState } from './run-state.js';
import { Runs } from './runs.js';
import { BY_SCHEDULE, findDueMs, type ScheduledPair } from './schedule.js';

export interface ReconcilerOptions {
  nats: Nats;
  store: Store;
  connections: Connections;
  openLeg: OpenLeg;
  scheduled: readonly ScheduledPair[];
  log: Logger;
  metrics: Metrics;
  acquireLease(signal: AbortSignal): Promise<Lease>;
  now(): number;
  /** Default `Math.random`. */
  random?(): number;
}

/** Whoever asks for a run writes it down; so often it is looked for. */
const LOOK_MS = 500;
const RETRY_MS = 1_000;
/** Of a pair, to find when the schedule began one last. */
const LOOKED_AT = 50;

/** Begins what the schedule wants, and carries on each run that is open; of all publishers one does. */
export class Reconciler {
  readonly runs: Runs;
  readonly rows: RunRows;
  readonly #counts: ReconcileCounts;
  readonly #stopping = new AbortController();
  readonly #driving = new Map<string, Promise<void>>();
  /** By pair: what a waiting for the schedule has drawn. */
  readonly #waiting = new Map<string, { lastMs: number | undefined; sinceMs: number; random: number }>();
  #ended: Promise<void> = Promise.resolve();

  constructor(private readonly options: ReconcilerOptions) {
    const { store, connections, now, metrics } = options;
    this.rows = new RunRows(store);
    this.runs = new Runs({ rows: this.rows, connections, now });
    this.#counts = new ReconcileCounts(metrics);
  }

  start(): void {
    this.#ended = this.#leadForEver(this.#stopping.signal);
  }

  /** What the last runs said of a record; what passes by itself is no difference. */
  findDifferences = async (record: RecordKey): Promise<RecordDifference[]> => {
    const found = await this.rows.listOfRecord(record);
    return found.flatMap(({ state: { run, begunMs, pair }, label }) =>
      label === undefined || HARMLESS.has(label)
        ? []
        : [{ run, at: new Date(begunMs).toISOString(), with: pair.name, label }],
    );
  };

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #leadForEver(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#lead(await this.options.acquireLease(signal), signal);
      } catch (error) {
        if (signal.aborted) return;
        this.options.log.error({ err: error }, 'nothing can be reconciled; trying again');
        await pauseFor(RETRY_MS, signal);
      }
    }
  }

  async #lead(lease: Lease, stopping: AbortSignal): Promise<void> {
    const lost = new AbortController();
    void lease.lost.then(() => lost.abort());
    const signal = AbortSignal.any([stopping, lost.signal]);
    this.#waiting.clear();
    try {
      await this.#showLast();
      while (!signal.aborted) {
        await this.#beginDue();
        for (const state of await this.rows.listOpen()) if (!this.#driving.has(state.run)) this.#drive(state, signal);
        await pauseFor(LOOK_MS, signal);
      }
    } finally {
      await Promise.all(this.#driving.values());
      await lease.release();
    }
  }

  #drive(state: RunState, signal: AbortSignal): void {
    const { openLeg, log, now, random = Math.random, nats } = this.options;
    const driver = new RunDriver(state.run, {
      ...{ rows: this.rows, openLeg, log, now, random },
      onRepaired: (run, repaired) => this.#counts.countRepaired(run, repaired),
      onEnded: async (ended) => {
        this.#counts.countEnd(ended);
        await this.#counts.show(this.rows, ended);
        await publishReconcileAudit(nats, ended, now());
      },
    });
    const begun = publishReconcileAudit(nats, state, now()).catch((err: unknown) =>
      log.warn({ run: state.run, err }, 'CRM_AUDIT does not know yet that this reconciliation began'),
    );
    const driving = begun.then(() => driver.drive(signal)).finally(() => this.#driving.delete(state.run));
    this.#driving.set(state.run, driving);
  }

  /** What this process has not done itself, its metrics tell as well. */
  async #showLast(): Promise<void> {
    const seen = new Set<string>();
    for (const state of await this.rows.list(undefined, 200)) {
      const name = namePair(state.pair);
      if (seen.has(name) || state.ended?.how !== 'over') continue;
      seen.add(name);
      await this.#counts.show(this.rows, state);
    }
  }

  async #beginDue(): Promise<void> {
    const { scheduled, now, log } = this.options;
    for (const pair of scheduled) {
      const { request } = pair;
      const waiting = this.#waiting.get(request.pair) ?? (await this.#wait(request.pair));
      if (now() < findDueMs(pair, waiting)) continue;
      this.#waiting.delete(request.pair);
      // One of another kind may run just now: then this one comes when its turn comes next.
      const begun = await this.runs.begin(request).catch((err: unknown) => {
        log.warn({ pair: request.pair, err }, 'the schedule cannot begin a reconciliation');
        return undefined;
      });
      if (begun?.by !== BY_SCHEDULE) this.#skip(request.pair);
    }
  }

  #skip(pair: string): void {
    const { now, random = Math.random } = this.options;
    this.#waiting.set(pair, { lastMs: now(), sinceMs: now(), random: random() });
  }

  async #wait(name: string): Promise<{ lastMs: number | undefined; sinceMs: number; random: number }> {
    const { now, random = Math.random } = this.options;
    const leg = name.includes('/') ? 'crm' : 'plugin';
    const last = (await this.rows.list({ leg, name }, LOOKED_AT)).find(({ by }) => by === BY_SCHEDULE);
    const waiting = { lastMs: last?.begunMs, sinceMs: now(), random: random() };
    this.#waiting.set(name, waiting);
    return waiting;
  }
}
