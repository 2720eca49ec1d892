import { auditSubject } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import { RebuildRun, Rebuilds, type Ledger, type RebuildRequest, type RebuildState } from '@crm-mesh/ledger';
import type { Store } from '@crm-mesh/store';
import type { Logger } from '@crm-mesh/telemetry';
import { pauseFor } from '../pause-for.js';

export interface RebuilderOptions {
  nats: Nats;
  store: Store;
  ledger: Ledger;
  log: Logger;
  /** This publisher leads the normaliser: the ledger that is used is its own. */
  isLeading(): boolean;
  now(): number;
}

/** Under `audit.ledger.<goal>`. */
interface RebuildAudit {
  id: string;
  at: string;
  by: string;
  did: 'ledger-rebuild' | 'ledger-verify';
  run: string;
}

/** Whoever asks for one writes it down; so often it is looked for. */
const LOOK_MS = 1_000;
/** So often whether we still lead. */
const WATCH_MS = 500;

/** Takes orders to build the ledger anew, and does them while this publisher leads the normaliser. */
export class Rebuilder {
  readonly #rebuilds: Rebuilds;
  readonly #stopping = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  constructor(private readonly options: RebuilderOptions) {
    this.#rebuilds = new Rebuilds(options.store, options.now);
  }

  start(): void {
    this.#ended = this.#runForEver(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  read(): Promise<RebuildState | undefined> {
    return this.#rebuilds.read();
  }

  async begin(request: RebuildRequest): Promise<RebuildState> {
    const state = await this.#rebuilds.begin(request);
    await this.#publishAudit(state);
    return state;
  }

  cancel(): Promise<RebuildState | undefined> {
    return this.#rebuilds.cancel();
  }

  async #runForEver(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (this.options.isLeading()) await this.#run(signal);
      await pauseFor(LOOK_MS, signal);
    }
  }

  async #run(stopping: AbortSignal): Promise<void> {
    const { log, isLeading } = this.options;
    const ended = new AbortController();
    const watch = setInterval(() => isLeading() || ended.abort(), WATCH_MS);
    try {
      await new RebuildRun(this.options).run(AbortSignal.any([stopping, ended.signal]));
    } catch (error) {
      if (!stopping.aborted && !ended.signal.aborted)
        log.warn({ err: error }, 'the ledger could not be built anew yet; it goes on');
    } finally {
      clearInterval(watch);
    }
  }

  /** Resolves when CRM_AUDIT has it; once, however often it is asked for. */
  async #publishAudit({ run, by, goal, begunMs }: RebuildState): Promise<void> {
    const id = `ledger:${run}`;
    const entry: RebuildAudit = { id, at: new Date(begunMs).toISOString(), by, did: `ledger-${goal}`, run };
    await this.options.nats.publish({
      subject: auditSubject('ledger', goal),
      payload: JSON.stringify(entry),
      messageId: `audit:${id}`,
      headers: { 'content-type': 'application/json' },
    });
  }
}
