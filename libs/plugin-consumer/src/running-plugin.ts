import { MeshError } from '@crm-mesh/contract';
import {
  ensureDirectDurable,
  readLayout,
  Replays,
  type Consumer,
  type ConsumerDependencies,
  type ConsumerSpec,
  type ConsumerStatus,
  type RedriveRequest,
  type ReplayRequest,
  type ReplayStep,
} from '@crm-mesh/delivery';
import type { Service } from '@crm-mesh/jetstream';
import {
  checkLiveAck,
  checkLiveFilter,
  checkLiveOwner,
  describeConsumer,
  type PluginToRun,
} from './describe-consumer.js';
import type { LeaseShare } from './lease-share.js';
import type { ShareStatus, StopOptions } from './leased-consumer.js';
import { PluginShares, type KeptLeases } from './plugin-shares.js';
import { readSnapshotFor } from './read-snapshot.js';
import { serveReconcile } from './serve-reconcile.js';

export interface RunningPluginDependencies extends ConsumerDependencies {
  /** Where several hosts share the plugins. */
  leases?: LeaseShare | undefined;
}

/** One life of one plugin: setup, its consumers, teardown. */
export class RunningPlugin {
  private shares: PluginShares | undefined;
  private questions: Service | undefined;
  private readonly spec: ConsumerSpec;
  private readonly replays: Replays;

  constructor(
    readonly parts: PluginToRun,
    private readonly deps: RunningPluginDependencies,
  ) {
    this.spec = { ...describeConsumer(parts), readSnapshot: readSnapshotFor(parts.code.summary, deps.nats) };
    this.replays = new Replays(this.spec, deps);
  }

  /** False before it has begun, after it was stopped, and when it could not begin again. */
  get isConsuming(): boolean {
    return this.shares !== undefined;
  }

  /** All that can fail without touching what runs now. */
  async prepare(): Promise<void> {
    const { spec } = this;
    const [live] = (await readLayout(this.deps.nats, spec)).durables;
    const refusal = live && (checkLiveOwner(spec, live) ?? checkLiveFilter(spec, live) ?? checkLiveAck(spec, live));
    if (refusal) throw refusal;
    try {
      await this.parts.code.setup();
    } catch (error) {
      if (error instanceof MeshError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new MeshError('MESH_PLUGIN_SETUP_FAILED', `setup() of "${this.spec.name}" failed: ${reason}.`, {
        cause: error,
      });
    }
  }

  async startConsuming(kept?: KeptLeases): Promise<void> {
    this.parts.code.setConsuming(true);
    // Without an order all hosts run it.
    const leases = this.spec.policy.order === 'none' ? undefined : this.deps.leases;
    const shares = new PluginShares(this.spec, { ...this.deps, leases });
    await shares.start(kept);
    this.shares = shares;
    // Also where another host runs it: what lies downstream is the same from everywhere.
    this.questions = await serveReconcile(this.parts, this.deps.nats);
  }

  /** Lets running handlers end and gives the rest back. Resolves to the leases that are kept. */
  async stopConsuming(options: StopOptions = {}): Promise<KeptLeases> {
    try {
      this.parts.code.setConsuming(false);
      await this.questions?.stop();
      return (await this.shares?.stop(options)) ?? new Map();
    } finally {
      this.shares = undefined;
      this.questions = undefined;
    }
  }

  async tearDown(): Promise<void> {
    try {
      await this.parts.code.teardown();
    } catch (err) {
      this.parts.log.error({ err }, 'teardown() failed');
    }
    await this.parts.code.close();
  }

  /** Of what runs here. */
  get consumers(): Consumer[] {
    return this.shares?.consumers ?? [];
  }

  /** What hosts share of it; empty where nobody else can run it, or everybody does. */
  listShares(): (ShareStatus & { consumer?: ConsumerStatus })[] {
    const running = new Map(this.consumers.map((consumer) => [consumer.name, consumer.status()]));
    return (this.shares?.status() ?? []).map((share) => {
      const consumer = running.get(share.name);
      return { ...share, ...(consumer ? { consumer } : {}) };
    });
  }

  /** Why nothing of it can run here, though nothing is wrong with it. */
  get waitsFor(): string | undefined {
    return this.shares?.waitsFor;
  }

  /** Undefined where nothing of it runs here. */
  redrive(request: RedriveRequest) {
    return this.consumers[0]?.redrive(request);
  }

  /** Whichever host runs it. */
  async beginReplay(request: ReplayRequest) {
    const { name, description, metadata, policy } = this.spec;
    const [here] = this.consumers;
    if (here) await here.makeDirect();
    // Those of partitions are made together, before the first of them runs.
    else if (policy.partitions === 1)
      await ensureDirectDurable(this.deps.nats, { name, description, metadata, ...policy, startFrom: 'all' });
    return this.replays.begin(request);
  }

  goOnReplaying(step: ReplayStep) {
    return this.replays.goOn(step);
  }
}

/** Puts `next` in the place of `former`, which goes on when `next` cannot begin; whether it could, `isConsuming` tells. */
export async function replacePlugin(former: RunningPlugin | undefined, next: RunningPlugin): Promise<void> {
  try {
    await next.prepare();
  } catch (error) {
    await next.parts.code.close();
    throw error;
  }
  try {
    // What this host holds stays here: another may have the former version still.
    const kept = await former?.stopConsuming({ keepsLeases: true });
    await next.startConsuming(kept);
  } catch (error) {
    await next.tearDown();
    await former?.startConsuming().catch((err: unknown) => former.parts.log.error({ err }, 'could not go on'));
    throw error;
  }
  await former?.tearDown();
}
