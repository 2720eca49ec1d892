import { setTimeout as pauseFor } from 'node:timers/promises';
import {
  nameDurable,
  startConsumer,
  type Consumer,
  type ConsumerDependencies,
  type ConsumerSpec,
} from '@crm-mesh/delivery';
import type { Lease } from '@crm-mesh/jetstream';
import type { LeaseShare } from './lease-share.js';

export interface LeasedConsumerDependencies extends ConsumerDependencies {
  /** Absent: nobody shares it, and it runs here. */
  leases: LeaseShare | undefined;
  /** Whether its durable is one of those that the consumer is split into now. */
  fits(): Promise<boolean>;
  /** It is not: somebody has changed that. */
  onUnfit(): void;
}

export interface StopOptions {
  graceMs?: number | undefined;
  /** For the next version of the plugin on this host. */
  keepsLeases?: boolean;
}

/** A plugin, or a partition of one, for operators. */
export interface ShareStatus {
  /** The durable. */
  name: string;
  /** Who runs it. Absent: nobody, as far as is known here. */
  holder?: string;
  /** Since when it runs here. */
  since?: string;
}

const RETRY_MS = 2_000;
/** Whoever it was given up to has to take it first. */
const GIVEN_UP_MS = 1_500;

/** A consumer that runs on this host whenever it holds its lease. */
export class LeasedConsumer {
  readonly name: string;
  readonly #stopping = new AbortController();
  readonly #stopped: Promise<void>;
  #stop: StopOptions = {};
  #ended: Promise<void> = Promise.resolve();
  #consumer: Consumer | undefined;
  #lease: Lease | undefined;
  #kept: Lease | undefined;
  #otherHolder: string | undefined;

  constructor(
    private readonly spec: ConsumerSpec,
    private readonly deps: LeasedConsumerDependencies,
  ) {
    this.name = nameDurable(spec);
    const { signal } = this.#stopping;
    this.#stopped = new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  }

  /** While it runs here. */
  get consumer(): Consumer | undefined {
    return this.#consumer;
  }

  status(): ShareStatus {
    const { name } = this;
    if (!this.#lease) return { name, ...(this.#otherHolder ? { holder: this.#otherHolder } : {}) };
    const holder = this.deps.leases!.holder;
    return { name, holder, since: new Date(this.#lease.sinceMs).toISOString() };
  }

  /** Resolves when it runs here, or another host is seen to hold it; rejects where it cannot begin. */
  start(kept?: Lease): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#ended = this.#takeTurns(kept, { resolve, reject }).finally(resolve);
    });
  }

  /** Resolves to the lease, where it is kept. */
  async stop(options: StopOptions): Promise<Lease | undefined> {
    this.#stop = options;
    this.#stopping.abort();
    await this.#ended;
    return this.#kept;
  }

  async #takeTurns(kept: Lease | undefined, first: { resolve(): void; reject(error: unknown): void }): Promise<void> {
    const { signal } = this.#stopping;
    let hasBegun = false;
    const begin = (): void => {
      hasBegun = true;
      first.resolve();
    };
    for (let lease = kept; !signal.aborted; lease = undefined) {
      try {
        await this.#hold(lease ?? (await this.#acquire(begin)), begin);
      } catch (error) {
        if (signal.aborted) return;
        if (!hasBegun) return first.reject(error);
        this.deps.log.error({ consumer: this.name, err: error }, 'the consumer cannot run here; trying again');
        await this.#pause(RETRY_MS);
      }
    }
  }

  async #acquire(onWaiting: () => void): Promise<Lease | undefined> {
    return this.deps.leases?.acquire(this.name, {
      signal: this.#stopping.signal,
      onWaiting: (holder) => {
        this.#otherHolder = holder;
        onWaiting();
      },
    });
  }

  async #hold(lease: Lease | undefined, onRunning: () => void): Promise<void> {
    const { leases, fits, onUnfit, log } = this.deps;
    let giveUp = (): void => undefined;
    const givenUp = new Promise<void>((resolve) => (giveUp = resolve));
    let takeBack: (() => void) | undefined;
    this.#lease = lease;
    try {
      // Looked at under the lease: as long as it is held nobody can change it.
      if (!(await fits())) {
        onRunning();
        return onUnfit();
      }
      const held = lease && { epoch: lease.epoch, isHeld: () => lease.isHeld() };
      this.#consumer = await startConsumer({ ...this.spec, ...held }, this.deps);
      takeBack = leases?.offer(this.name, giveUp);
      if (lease) log.info({ consumer: this.name, epoch: lease.epoch }, 'runs on this host');
      onRunning();
      await Promise.race([this.#stopped, givenUp, ...(lease ? [lease.lost] : [])]);
    } finally {
      takeBack?.();
      await this.#end(lease);
    }
    if (!this.#stopping.signal.aborted) await this.#pause(GIVEN_UP_MS);
  }

  async #end(lease: Lease | undefined): Promise<void> {
    const isLost = lease !== undefined && !lease.isHeld();
    // What another may run by now is not waited for.
    const graceMs = isLost ? 0 : this.#stop.graceMs;
    await this.#consumer?.stop(graceMs === undefined ? {} : { graceMs });
    this.#consumer = undefined;
    this.#lease = undefined;
    if (!lease) return;
    this.deps.log.info({ consumer: this.name, epoch: lease.epoch, isLost }, 'runs on this host no more');
    if (this.#stop.keepsLeases && lease.isHeld()) this.#kept = lease;
    else await lease.release();
  }

  async #pause(ms: number): Promise<void> {
    await pauseFor(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
