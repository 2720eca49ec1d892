import type { Lease, Nats } from '@crm-mesh/jetstream';
import type { Metrics } from '@crm-mesh/telemetry';

/** Whoever waits holds so many fewer: then one of ours is given up to it. */
const LEAST_SURPLUS = 2;
/** One after the other: each hand-over changes what the others hold. */
const GIVE_UP_EVERY_MS = 5_000;

/** The leases that this host holds, of those that all hosts share. */
export class LeaseShare {
  /** By name: how its holder gives it up. */
  readonly #offers = new Map<string, () => void>();
  readonly #held = new Set<string>();
  #gaveUpMs = Number.NEGATIVE_INFINITY;
  readonly #gauge;

  constructor(
    private readonly nats: Nats,
    /** Names this host to operators. */
    readonly holder: string,
    metrics: Metrics,
  ) {
    const help = '1 while this host holds the lease of a plugin or partition, and runs it';
    this.#gauge = metrics.gauge('mesh_plugin_lease_held', help, ['consumer']);
  }

  async acquire(name: string, asked: { signal: AbortSignal; onWaiting(holder: string): void }): Promise<Lease> {
    const load = (): number => this.#held.size;
    const lease = await this.nats.acquireLease(name, { holder: this.holder, load, ...asked });
    this.#held.add(name);
    this.#gauge.set({ consumer: name }, 1);
    void lease.lost.then(() => this.#forget(name));
    lease.onWish((theirs) => this.#weigh(name, theirs));
    return lease;
  }

  /** From now on the lease may be given up to a host that holds fewer. Returns the way to take that back. */
  offer(name: string, giveUp: () => void): () => void {
    this.#offers.set(name, giveUp);
    return () => this.#offers.delete(name);
  }

  #forget(name: string): void {
    this.#held.delete(name);
    this.#gauge.set({ consumer: name }, 0);
  }

  #weigh(name: string, theirs: number): void {
    const now = performance.now();
    const giveUp = this.#offers.get(name);
    if (!giveUp || this.#held.size - theirs < LEAST_SURPLUS || now - this.#gaveUpMs < GIVE_UP_EVERY_MS) return;
    this.#gaveUpMs = now;
    this.#offers.delete(name);
    giveUp();
  }
}
