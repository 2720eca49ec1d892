import { setTimeout as pauseFor } from 'node:timers/promises';
import {
  changeLayout,
  listPartitions,
  readLayout,
  removeReplaced,
  type Consumer,
  type ConsumerDependencies,
  type ConsumerSpec,
  type PartitionLayout,
} from '@crm-mesh/delivery';
import type { Lease } from '@crm-mesh/jetstream';
import type { LeaseShare } from './lease-share.js';
import { LeasedConsumer, type ShareStatus, type StopOptions } from './leased-consumer.js';

export interface PluginSharesDependencies extends ConsumerDependencies {
  /** Absent where nobody shares the plugin, or where everybody may run it. */
  leases: LeaseShare | undefined;
}

/** Leases by name. */
export type KeptLeases = Map<string, Lease>;

const RETRY_MS = 2_000;
/** Enough for the leases of a host that is dead; who is alive has until the next try. */
const COLLECT_MS = 5_000;
const COLLECT_AGAIN_MS = 10_000;

/** One version of a plugin on this host: all its partitions, of which it runs those whose lease it holds. */
export class PluginShares {
  readonly #stopping = new AbortController();
  #stop: StopOptions = {};
  #ended: Promise<void> = Promise.resolve();
  #members: LeasedConsumer[] = [];
  #kept: KeptLeases = new Map();
  #waitsFor: string | undefined;

  constructor(
    private readonly spec: ConsumerSpec,
    private readonly deps: PluginSharesDependencies,
  ) {}

  /** What runs here. */
  get consumers(): Consumer[] {
    return this.#members.flatMap(({ consumer }) => consumer ?? []);
  }

  /** Why nothing of it can run here, though nothing is wrong with it. */
  get waitsFor(): string | undefined {
    return this.#waitsFor;
  }

  status(): ShareStatus[] {
    return this.deps.leases ? this.#members.map((member) => member.status()) : [];
  }

  /** Resolves when all partitions run, here or elsewhere, or have to be waited for; rejects where it cannot begin. */
  start(kept: KeptLeases = new Map()): Promise<void> {
    this.#kept = kept;
    return new Promise((resolve, reject) => {
      this.#ended = this.#run({ resolve, reject }).finally(resolve);
    });
  }

  /** Resolves to the leases that were kept. */
  async stop(options: StopOptions): Promise<KeptLeases> {
    this.#stop = options;
    this.#stopping.abort();
    await this.#ended;
    return this.#kept;
  }

  async #run(first: { resolve(): void; reject(error: unknown): void }): Promise<void> {
    const { signal } = this.#stopping;
    let hasBegun = false;
    const begin = (): void => {
      hasBegun = true;
      first.resolve();
    };
    while (!signal.aborted) {
      try {
        await this.#arrange(begin);
        if (!signal.aborted) await this.#takePart(begin);
      } catch (error) {
        if (signal.aborted) return;
        await releaseAll(this.#kept);
        if (!hasBegun) return first.reject(error);
        this.deps.log.error({ consumer: this.spec.name, err: error }, 'the plugin cannot run here; trying again');
        await this.#pause(RETRY_MS);
      }
    }
  }

  /** Until a partition finds that somebody has changed their number, or the stop. */
  async #takePart(onBegin: () => void): Promise<void> {
    const { spec, deps } = this;
    const { partitions: count } = spec.policy;
    let onUnfit = (): void => undefined;
    const over = new Promise<void>((resolve) => {
      onUnfit = resolve;
      this.#stopping.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    const partitions = count === 1 ? [undefined] : listPartitions(count);
    const rest = { ...deps, fits: async () => this.#fits(await readLayout(deps.nats, spec)), onUnfit };
    this.#members = partitions.map(
      (partition) => new LeasedConsumer({ ...spec, ...(partition ? { partition } : {}) }, rest),
    );
    const kept = this.#kept;
    this.#kept = new Map();
    try {
      await Promise.all(this.#members.map((member) => member.start(take(kept, member.name))));
      await releaseAll(kept);
      onBegin();
      await over;
    } finally {
      const members = this.#members;
      const leases = await Promise.all(members.map((member) => member.stop(this.#stop)));
      for (const lease of leases) if (lease) this.#kept.set(lease.name, lease);
      this.#members = [];
    }
  }

  /** Resolves when the server has as many durables as the plugin wants; whoever wants another number waits. */
  async #arrange(onBegin: () => void): Promise<void> {
    const { nats } = this.deps;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const layout = await readLayout(nats, this.spec);
      if (this.#fits(layout)) {
        this.#waitsFor = undefined;
        return removeReplaced(nats, this.spec, layout);
      }
      // Held on to, they might be what another one waits for.
      await releaseAll(this.#kept);
      if (!(await this.#change(layout, onBegin))) await this.#pause(COLLECT_AGAIN_MS);
    }
  }

  #fits({ count, isWhole }: PartitionLayout): boolean {
    const wanted = this.spec.policy.partitions;
    // The first one makes its own durable.
    return count === 0 ? wanted === 1 : count === wanted && isWhole;
  }

  /** Only who holds everything may; false when another runs a part of it. */
  async #change(layout: PartitionLayout, onBegin: () => void): Promise<boolean> {
    const { nats, store, leases, log } = this.deps;
    const { name, policy } = this.spec;
    const old = layout.durables.map((durable) => durable.name);
    const held: KeptLeases = new Map();
    try {
      if (leases && !(await this.#collect(leases, [`${name}_layout`, ...old], { held, onBegin }))) return false;
      const now = await readLayout(nats, this.spec);
      if (now.count !== layout.count || now.durables.length !== old.length) return true;
      const epochs = new Map(
        old.flatMap((durable) => (held.has(durable) ? [[durable, held.get(durable)!.epoch]] : [])),
      );
      const checkHeld = (): void => {
        if ([...held.values()].every((lease) => lease.isHeld())) return;
        throw new Error(`${name}: a lease was lost while its partitions were changed`);
      };
      await changeLayout({ nats, store, spec: this.spec, count: policy.partitions, epochs, checkHeld });
      log.info({ consumer: name, from: layout.count, to: policy.partitions }, 'the number of partitions is changed');
      return true;
    } finally {
      await releaseAll(held);
    }
  }

  async #collect(
    leases: LeaseShare,
    names: readonly string[],
    { held, onBegin }: { held: KeptLeases; onBegin(): void },
  ): Promise<boolean> {
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(COLLECT_MS)]);
    const wanted = this.spec.policy.partitions;
    const wait = (name: string, holder: string): void => {
      this.#waitsFor = `it is to have ${wanted} partitions here, and ${holder} holds ${name}: mend its configuration, too`;
      onBegin();
    };
    const asked = names.map(async (name) => {
      const onWaiting = (holder: string): void => wait(name, holder);
      held.set(name, await leases.acquire(name, { signal, onWaiting }));
    });
    return (await Promise.allSettled(asked)).every(({ status }) => status === 'fulfilled');
  }

  async #pause(ms: number): Promise<void> {
    await pauseFor(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}

function take(leases: KeptLeases, name: string): Lease | undefined {
  const lease = leases.get(name);
  leases.delete(name);
  return lease?.isHeld() ? lease : undefined;
}

async function releaseAll(leases: KeptLeases): Promise<void> {
  const all = [...leases.values()];
  leases.clear();
  await Promise.all(all.map((lease) => lease.release()));
}
