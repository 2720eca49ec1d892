import { MeshError } from '@crm-mesh/contract';
import { startConsumer, type Consumer, type ConsumerDependencies, type ConsumerSpec } from '@crm-mesh/delivery';
import type { Plugin } from '@crm-mesh/sdk';
import { attribute } from './attribution.js';
import { checkLiveAck, checkLiveFilter, describeConsumer, type PluginToRun } from './describe-consumer.js';
import { readSnapshotFor } from './read-snapshot.js';

/** How long `setup` and `teardown` may take. */
const LIFECYCLE_TIMEOUT_MS = 30_000;

/** One life of one plugin: setup, its consumer, teardown. */
export class RunningPlugin {
  private consumer: Consumer | undefined;
  private readonly spec: ConsumerSpec;

  constructor(
    readonly parts: PluginToRun,
    private readonly deps: ConsumerDependencies,
  ) {
    this.spec = { ...describeConsumer(parts), readSnapshot: readSnapshotFor(parts.plugin, deps.nats) };
  }

  /** False before it has begun, after it was stopped, and when it could not begin again. */
  get isConsuming(): boolean {
    return this.consumer !== undefined;
  }

  get plugin(): Plugin {
    return this.parts.plugin;
  }

  /** All that can fail without touching what runs now. */
  async prepare(): Promise<void> {
    const live = await this.deps.nats.durableState(this.spec.stream, this.spec.name);
    const refusal = live && (checkLiveFilter(this.spec, live) ?? checkLiveAck(this.spec, live));
    if (refusal) throw refusal;
    try {
      await this.runStep('setup');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new MeshError('MESH_PLUGIN_SETUP_FAILED', `setup() of "${this.plugin.name}" failed: ${reason}.`, {
        cause: error,
      });
    }
  }

  async startConsuming(): Promise<void> {
    this.consumer = await startConsumer(this.spec, this.deps);
  }

  /** Lets running handlers end and gives the rest back. */
  async stopConsuming(graceMs?: number): Promise<void> {
    try {
      await this.consumer?.stop(graceMs === undefined ? {} : { graceMs });
    } finally {
      this.consumer = undefined;
    }
  }

  async tearDown(): Promise<void> {
    try {
      await this.runStep('teardown');
    } catch (err) {
      this.parts.log.error({ err }, 'teardown() failed');
    }
  }

  status() {
    return this.consumer?.status();
  }

  redrive(sequences: number[], by: string) {
    return this.consumer?.redrive({ sequences, by });
  }

  private async runStep(step: 'setup' | 'teardown'): Promise<void> {
    const { config, log, plugin } = this.parts;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`it took longer than ${LIFECYCLE_TIMEOUT_MS} ms`)),
        LIFECYCLE_TIMEOUT_MS,
      );
    });
    try {
      await Promise.race([attribute(plugin.name, async () => plugin[step]?.({ config, log })), late]);
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Puts `next` in the place of `former`, which goes on when `next` cannot begin; whether it could, `isConsuming` tells. */
export async function replacePlugin(former: RunningPlugin | undefined, next: RunningPlugin): Promise<void> {
  await next.prepare();
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
