import { MeshError } from '@crm-mesh/contract';
import {
  startConsumer,
  type Consumer,
  type ConsumerDependencies,
  type ConsumerSpec,
  type RedriveRequest,
  type ReplayRequest,
  type ReplayStep,
} from '@crm-mesh/delivery';
import {
  checkLiveAck,
  checkLiveFilter,
  checkLiveOwner,
  describeConsumer,
  type PluginToRun,
} from './describe-consumer.js';
import { readSnapshotFor } from './read-snapshot.js';

/** One life of one plugin: setup, its consumer, teardown. */
export class RunningPlugin {
  private consumer: Consumer | undefined;
  private readonly spec: ConsumerSpec;

  constructor(
    readonly parts: PluginToRun,
    private readonly deps: ConsumerDependencies,
  ) {
    this.spec = { ...describeConsumer(parts), readSnapshot: readSnapshotFor(parts.code.summary, deps.nats) };
  }

  /** False before it has begun, after it was stopped, and when it could not begin again. */
  get isConsuming(): boolean {
    return this.consumer !== undefined;
  }

  /** All that can fail without touching what runs now. */
  async prepare(): Promise<void> {
    const live = await this.deps.nats.durableState(this.spec.stream, this.spec.name);
    const { spec } = this;
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

  async startConsuming(): Promise<void> {
    this.parts.code.setConsuming(true);
    this.consumer = await startConsumer(this.spec, this.deps);
  }

  /** Lets running handlers end and gives the rest back. */
  async stopConsuming(graceMs?: number): Promise<void> {
    try {
      this.parts.code.setConsuming(false);
      await this.consumer?.stop(graceMs === undefined ? {} : { graceMs });
    } finally {
      this.consumer = undefined;
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

  status() {
    return this.consumer?.status();
  }

  redrive(request: RedriveRequest) {
    return this.consumer?.redrive(request);
  }

  /** Undefined where it is not consuming. */
  async beginReplay(request: ReplayRequest) {
    await this.consumer?.makeDirect();
    return this.consumer?.replays.begin(request);
  }

  async goOnReplaying(step: ReplayStep) {
    return this.consumer?.replays.goOn(step);
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
    await former?.stopConsuming();
    await next.startConsuming();
  } catch (error) {
    await next.tearDown();
    await former?.startConsuming().catch((err: unknown) => former.parts.log.error({ err }, 'could not go on'));
    throw error;
  }
  await former?.tearDown();
}
