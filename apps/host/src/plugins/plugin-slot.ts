import { readPluginSettings, type LoadedConfig, type PluginSettings } from '@crm-mesh/config';
import { MeshError, type EventPattern } from '@crm-mesh/contract';
import type { PluginStatus } from '@crm-mesh/control';
import type {
  RedriveRequest,
  RedriveResult,
  ReplayEntry,
  ReplayProgress,
  ReplayRequest,
  ReplayStep,
} from '@crm-mesh/delivery';
import { dropUndefined, expandPreset } from '@crm-mesh/sdk/running';
import {
  bundleDropIn,
  refuseBatching,
  refuseDelivery,
  refuseDuplicate,
  type Bundle,
  type DropIn,
  type DropInWatch,
} from '@crm-mesh/drop-ins';
import {
  choosePolicy,
  replacePlugin,
  RunningPlugin,
  type PluginToRun,
  type RunningPluginDependencies,
} from '@crm-mesh/plugin-consumer';
import { openPlugin } from './open-plugin.js';
import { redriveForLater } from './redrive-for-later.js';

/** A plugin as far as who asks about a record needs it. */
export interface Listener extends Pick<PluginStatus, 'name' | 'version' | 'state'> {
  /** Absent as long as it could not be loaded. */
  events?: readonly EventPattern[];
  skipOrigins: readonly string[];
}

export interface SlotDependencies extends RunningPluginDependencies {
  cacheFolder: string;
  /** Tells the watch of which files the plugin was made. */
  track: DropInWatch['track'];
  config(): LoadedConfig;
  /** Another file that has the name already. */
  findOwner(slot: PluginSlot): DropIn | undefined;
}

/** What failed for a reason outside the plugin's file and configuration is tried again after this. */
const RETRY_MS = 15_000;
/** These stay as they are until somebody mends a file. */
const WAITS_FOR_A_FILE: readonly string[] = ['MESH_PLUGIN_INVALID', 'MESH_CONFIG_INVALID'];

/** One plugin file: what of it runs, through all its changes. Its steps stand in line. */
export class PluginSlot {
  private running: RunningPlugin | undefined;
  private state: PluginStatus['state'] = 'stopped';
  private problem: MeshError | undefined;
  /** Of the newest file and configuration that were tried. */
  private fingerprint: string | undefined;
  private steps: Promise<void> = Promise.resolve();
  private retry: NodeJS.Timeout | undefined;
  private closed = false;
  private claims = false;

  constructor(
    readonly dropIn: DropIn,
    private readonly deps: SlotDependencies,
  ) {}

  /** Whether the name is this file's: it runs, is about to, or would if it were enabled. */
  get holdsName(): boolean {
    return this.claims;
  }

  get isRefused(): boolean {
    return this.problem !== undefined;
  }

  /** Looks at the file and its configuration again, and runs what they say now. */
  refresh(): Promise<void> {
    return this.enqueue(() => this.load());
  }

  /** Stops for good; the durable stays. */
  close(graceMs?: number): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    return this.enqueue(async () => {
      if (this.running) await this.stopRunning(graceMs);
      this.state = 'stopped';
    });
  }

  /** Dead letters go to the plugin again, now or when it runs again. While it starts, that is waited for. */
  redrive(request: RedriveRequest): Promise<RedriveResult> {
    return this.enqueue(async () => this.running?.redrive(request) ?? redriveForLater(request, this.deps));
  }

  /** Old events are to go to the plugin again. Throws MESH_PLUGIN_STOPPED. */
  beginReplay(request: ReplayRequest): Promise<ReplayEntry> {
    return this.enqueue(async () => (await this.running?.beginReplay(request)) ?? this.refuseReplay());
  }

  /** Some more of them go. One step at a time, whoever asks. */
  goOnReplaying(step: ReplayStep): Promise<ReplayProgress> {
    return this.enqueue(async () => (await this.running?.goOnReplaying(step)) ?? this.refuseReplay());
  }

  /** How the plugin that runs is delivered to. */
  get deliveryFacts(): { skipOrigins: readonly string[]; startsWithSnapshot: boolean } | undefined {
    const policy = this.running?.parts.policy;
    return policy && { skipOrigins: policy.skipOrigins ?? [], startsWithSnapshot: policy.startFrom === 'snapshot' };
  }

  /** Which of the events the inbox in its sink has as done. One that does not answer knows of none. */
  async listDone(eventIds: readonly string[]): Promise<string[]> {
    return (await this.running?.parts.code.listDone?.(eventIds).catch(() => undefined)) ?? [];
  }

  /** The server's durables have been changed. */
  async look(): Promise<void> {
    await Promise.all(this.running?.consumers.map((consumer) => consumer.look()) ?? []);
  }

  status(): PluginStatus {
    const parts = this.running?.parts;
    const shares = this.running?.listShares() ?? [];
    const [consumer, ...others] = this.running?.consumers.map((each) => each.status()) ?? [];
    const restarting = parts?.code.restarting;
    const waitsFor = this.running?.waitsFor;
    const problem = this.problem && { reason: this.problem.what, cure: this.problem.cure };
    const why = restarting ?? problem ?? (waitsFor === undefined ? undefined : { waitsFor });
    const isStandby = this.state === 'running' && shares.length > 0 && !consumer;
    return {
      name: this.dropIn.name,
      file: this.dropIn.file,
      ...(parts ? { version: parts.version } : {}),
      state: consumer?.state === 'paused' ? 'paused' : restarting ? 'restarting' : isStandby ? 'standby' : this.state,
      events: parts?.code.summary.events ?? [],
      ...(parts?.code.summary.reads ? { reads: parts.code.summary.reads } : {}),
      ...why,
      ...(consumer && others.length === 0 ? { consumer } : {}),
      ...(shares.length > 0 ? { shares } : {}),
    };
  }

  /** What it listens to, whether it runs or not. */
  get listener(): Listener {
    const { name, version, state } = this.status();
    const parts = this.running?.parts;
    return {
      ...{ name, state, skipOrigins: parts?.policy.skipOrigins ?? [] },
      ...(version === undefined ? {} : { version }),
      ...(parts ? { events: parts.code.summary.events } : {}),
    };
  }

  private enqueue<Result>(step: () => Promise<Result>): Promise<Result> {
    const done = this.steps.then(step);
    // What goes wrong in one step is its caller's, and must not keep the next ones from being taken.
    this.steps = done.then(
      () => undefined,
      () => undefined,
    );
    return done;
  }

  private refuseReplay(): never {
    throw new MeshError('MESH_PLUGIN_STOPPED', `The plugin "${this.dropIn.name}" does not run.`);
  }

  private async load(): Promise<void> {
    if (this.closed) return;
    clearTimeout(this.retry);
    try {
      const owner = this.deps.findOwner(this);
      if (owner) throw refuseDuplicate(this.dropIn, owner);
      this.claims = true;
      const settings = readPluginSettings(this.deps.config(), this.dropIn.name);
      if (!settings.enabled) return await this.disable();
      const bundle = await bundleDropIn(this.dropIn, this.deps.cacheFolder);
      this.track(bundle);
      if (!bundle.ok) throw bundle.error;
      await this.run(bundle, settings);
    } catch (error) {
      this.refuse(error);
    }
  }

  private track({ inputs, ok }: Pick<Bundle, 'inputs' | 'ok'>): void {
    this.deps.track({ dropIn: this.dropIn, inputs, ok });
  }

  private async run(bundle: Bundle & { ok: true }, settings: PluginSettings): Promise<void> {
    const fingerprint = JSON.stringify([bundle.version, settings]);
    if (fingerprint === this.fingerprint && this.running?.isConsuming) return this.forgive();
    const parts = await this.compose(bundle, settings);
    const former = this.running;
    const next = new RunningPlugin(parts, this.deps);
    await replacePlugin(former, next);
    this.running = next;
    this.fingerprint = fingerprint;
    this.problem = undefined;
    this.tell(former ? 'replaced' : 'running');
  }

  /** What was wrong with a newer file or configuration is taken back. */
  private forgive(): void {
    if (!this.problem) return;
    this.problem = undefined;
    this.tell('running');
  }

  private async compose(bundle: Bundle & { ok: true }, settings: PluginSettings): Promise<PluginToRun> {
    const { dropIn, deps } = this;
    const { module, version } = bundle;
    const { delivery: override } = settings;
    const place = deps.config().file ?? 'mesh.yaml';
    const path = `plugins.${dropIn.name}.delivery`;
    const refusal = refuseDelivery(override, place, path);
    if (refusal) throw refusal;
    const log = deps.log.child({ plugin: dropIn.name });
    const { metrics } = deps;
    const code = await openPlugin({ dropIn, module, override, log, metrics }).catch((error: unknown) => {
      this.track({ inputs: bundle.inputs, ok: false });
      throw error;
    });
    try {
      const { handlesBatches } = code.summary;
      const whole = { ...expandPreset(code.summary.delivery), ...dropUndefined(expandPreset(override)) };
      // What each says by itself is right; together it may not be.
      const apart = whole.partitions === undefined ? undefined : refuseDelivery(whole, place, path);
      if (apart) throw apart;
      const unfit = refuseBatching(handlesBatches, override, { place, path });
      if (unfit) throw unfit;
      await code.configure(settings.config);
    } catch (error) {
      await code.close();
      throw error;
    }
    return { code, version, policy: choosePolicy(code.summary.delivery, override, code.summary), log };
  }

  private async disable(): Promise<void> {
    if (this.running) await this.stopRunning();
    this.problem = undefined;
    if (this.state === 'disabled') return;
    this.state = 'disabled';
    this.deps.log.info({ plugin: this.dropIn.name, state: 'disabled', file: this.dropIn.file }, 'plugin');
  }

  /** What ran before runs on. */
  private refuse(error: unknown): void {
    this.problem =
      error instanceof MeshError
        ? error
        : new MeshError('MESH_INTERNAL', `${this.dropIn.file}: ${String(error)}`, { cause: error });
    const { code, what: reason, cure } = this.problem;
    const { name: plugin, file } = this.dropIn;
    const runsOn = this.running?.isConsuming ? { stillRuns: this.running.parts.version } : {};
    this.deps.log.error({ plugin, state: 'refused', file, code, reason, cure, ...runsOn }, 'plugin');
    if (!this.running?.isConsuming) this.state = 'refused';
    if (!this.running) this.claims = false;
    if (WAITS_FOR_A_FILE.includes(code) || this.closed) return;
    this.retry = setTimeout(() => void this.refresh(), RETRY_MS);
  }

  private async stopRunning(graceMs?: number): Promise<void> {
    try {
      await this.running?.stopConsuming({ graceMs });
    } finally {
      await this.running?.tearDown();
      this.tell('stopped');
      this.running = undefined;
      this.fingerprint = undefined;
    }
  }

  private tell(what: 'running' | 'replaced' | 'stopped'): void {
    this.state = what === 'stopped' ? 'stopped' : 'running';
    const { name: plugin, file } = this.dropIn;
    const { version, code } = this.running?.parts ?? {};
    this.deps.log.info({ plugin, state: what, version, file, events: code?.summary.events }, 'plugin');
  }
}
