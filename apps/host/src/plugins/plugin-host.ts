import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { watchConfig, type ConfigWatch, type LoadedConfig } from '@crm-mesh/config';
import { MeshError } from '@crm-mesh/contract';
import type { PluginStatus, PluginTrace, Whereabouts, WhereaboutsQuestion } from '@crm-mesh/control';
import {
  dropDeadLetters,
  readPartition,
  type DropRequest,
  type DropResult,
  type RedriveRequest,
  type RedriveResult,
  listReceipts,
  type KeptReceipt,
  type ReceiptQuery,
  type ReplayEntry,
  type ReplayProgress,
  type ReplayRequest,
  type ReplayStep,
} from '@crm-mesh/delivery';
import { watchDropIns, type DropIn, type DropInEvent, type DropInWatch } from '@crm-mesh/drop-ins';
import type { RunningPluginDependencies } from '@crm-mesh/plugin-consumer';
import { findWhereabouts } from '../control/whereabouts.js';
import { explainRecord, type RecordQuestion } from '../explain/explain-record.js';
import { redriveForLater } from './redrive-for-later.js';
import { PluginSlot, type SlotDependencies } from './plugin-slot.js';

export interface PluginHostOptions extends RunningPluginDependencies {
  config: LoadedConfig;
  env: NodeJS.ProcessEnv;
  cwd: string;
}

/** For a pause without an end. */
const FOR_EVER_MS = 100 * 365 * 86_400_000;

/** All plugins of all folders, through every change of files and configuration. */
export class PluginHost {
  /** By file; a name may stand on two, of which one is refused. */
  private readonly slots = new Map<string, PluginSlot>();
  private watch: DropInWatch | undefined;
  private configWatch: ConfigWatch | undefined;
  private config: LoadedConfig;
  private phase: 'starting' | 'running' | 'stopped' = 'starting';

  constructor(private readonly options: PluginHostOptions) {
    this.config = options.config;
  }

  /** Resolves when every plugin runs or is refused. */
  async start(): Promise<void> {
    const { log } = this.options;
    const folders = this.config.pluginFolders;
    await rm(this.cacheFolder, { recursive: true, force: true }); // bundles of former lives
    this.watch = await watchDropIns({
      folders,
      onEvent: (event) => this.apply(event),
      onError: (err) => log.error({ err }, 'the plugin folders could not be looked at'),
    });
    await this.addAll(this.watch.initial);
    await this.watchConfig();
    this.phase = 'running';
    if (this.slots.size === 0) log.info({ folders }, 'no plugins yet: drop one into a folder');
  }

  /** Undefined when all is as it should be. */
  whyNotReady(): string | undefined {
    return this.phase === 'starting' ? 'plugins are being loaded' : undefined;
  }

  get folders(): readonly string[] {
    return this.config.pluginFolders;
  }

  status(): PluginStatus[] {
    return [...this.slots.values()].map((slot) => slot.status()).toSorted((a, b) => a.name.localeCompare(b.name));
  }

  /** As `nats consumer pause` does; it outlives a restart of the host. */
  async pause(name: string, forMs: number = FOR_EVER_MS): Promise<void> {
    const until = new Date((this.options.now?.() ?? Date.now()) + forMs);
    await this.forEachDurable(name, (stream, durable) => this.options.nats.pauseDurable(stream, durable, until));
  }

  async resume(name: string): Promise<void> {
    await this.forEachDurable(name, (stream, durable) => this.options.nats.pauseDurable(stream, durable, new Date(0)));
  }

  /** Dead letters of a plugin, or of a consumer of a Nest application, go to it again, now or when it runs again. */
  async redrive(request: RedriveRequest): Promise<RedriveResult> {
    if (await this.isOfApp(request.consumer)) return redriveForLater(request, this.options);
    return this.findOwner(request.consumer).redrive(request);
  }

  /** Old events are to go to a plugin again; they go step by step. */
  async beginReplay(request: ReplayRequest): Promise<ReplayEntry> {
    return this.findOwner(request.consumer).beginReplay(request);
  }

  async goOnReplaying(step: ReplayStep): Promise<ReplayProgress> {
    return this.findOwner(step.consumer).goOnReplaying(step);
  }

  /** What a plugin's handlers gave back, the newest first; also of one that is not here any more. */
  listReceipts(query: ReceiptQuery): Promise<KeptReceipt[]> {
    return listReceipts(this.options.store, query);
  }

  /** What plugins did with one record; of two files with one name that of the one that has it. */
  explain(question: RecordQuestion): Promise<PluginTrace[]> {
    const names = [...new Set([...this.slots.values()].map((slot) => slot.dropIn.name))];
    const listeners = names.map((name) => this.findOwner(name).listener);
    return explainRecord(question, { ...this.options, listeners });
  }

  /** Where records of a plugin are; also of one that is not here any more. */
  findWhereabouts(question: WhereaboutsQuestion): Promise<Whereabouts> {
    const own = [...this.slots.values()].filter((slot) => slot.dropIn.name === question.consumer);
    const slot = own.find((each) => each.holdsName) ?? own[0];
    return findWhereabouts(question, { store: this.options.store, slot });
  }

  /** Dead letters of any plugin, also of one that is not here any more. */
  drop(request: DropRequest): Promise<DropResult> {
    return dropDeadLetters(this.options.nats, request, this.options.now?.() ?? Date.now());
  }

  /** Running handlers end, the rest goes back to the server; durables stay. */
  async stop(graceMs?: number): Promise<void> {
    this.phase = 'stopped';
    await Promise.all([this.watch?.close(), this.configWatch?.close()]);
    await Promise.all([...this.slots.values()].map((slot) => slot.close(graceMs)));
  }

  private get cacheFolder(): string {
    return join(this.options.config.dataDir, 'cache', 'host');
  }

  private async apply({ kind, dropIn }: DropInEvent): Promise<void> {
    if (this.phase === 'stopped') return;
    // A slow setup() of one must not keep the others waiting; a removal must be over before its name is taken again.
    if (kind === 'added') void this.add(dropIn);
    else if (kind === 'changed') void this.slots.get(dropIn.file)?.refresh();
    else await this.remove(dropIn);
  }

  private async add(dropIn: DropIn): Promise<void> {
    const slot = new PluginSlot(dropIn, this.slotDependencies());
    this.slots.set(dropIn.file, slot);
    await slot.refresh();
  }

  /** Side by side; but of files with one name one after the other, so that the first in the order of folders gets it. */
  private async addAll(dropIns: readonly DropIn[]): Promise<void> {
    const names = [...new Set(dropIns.map((dropIn) => dropIn.name))];
    await Promise.all(
      names.map(async (name) => {
        for (const dropIn of dropIns.filter((each) => each.name === name)) await this.add(dropIn);
      }),
    );
  }

  private async remove(dropIn: DropIn): Promise<void> {
    // It holds its name until its last handler has ended: another file of that name would run on the same durable.
    try {
      await this.slots.get(dropIn.file)?.close();
    } finally {
      this.slots.delete(dropIn.file);
    }
    // The name is free: a second file that was refused for it may have it now.
    const heirs = [...this.slots.values()].filter((other) => other.dropIn.name === dropIn.name && other.isRefused);
    for (const heir of heirs) await heir.refresh();
  }

  private slotDependencies(): SlotDependencies {
    return {
      ...this.options,
      cacheFolder: this.cacheFolder,
      config: () => this.config,
      track: (loaded) => this.watch?.track(loaded),
      findOwner: (slot) => {
        const rivals = [...this.slots.values()].filter(
          (other) => other !== slot && other.dropIn.name === slot.dropIn.name,
        );
        return rivals.find((rival) => rival.holdsName)?.dropIn;
      },
    };
  }

  private async watchConfig(): Promise<void> {
    const { file } = this.config;
    const { env, cwd, log } = this.options;
    if (file === undefined) return;
    this.configWatch = await watchConfig({
      file,
      env,
      cwd,
      sections: ['plugins'],
      onError: ({ what, cure }) => log.error({ reason: what, cure }, 'the changed configuration is not used'),
      onChange: (config) => this.takeConfig(config),
    });
  }

  private takeConfig(config: LoadedConfig): void {
    if (this.phase === 'stopped') return;
    const foldersChanged = JSON.stringify(config.pluginFolders) !== JSON.stringify(this.config.pluginFolders);
    if (foldersChanged) this.options.log.warn('pluginFolders have changed: restart the host for them');
    this.config = { ...config, pluginFolders: this.config.pluginFolders };
    for (const slot of this.slots.values()) void slot.refresh();
  }

  private findOwner(name: string): PluginSlot {
    const slots = this.find(name);
    return slots.find((slot) => slot.holdsName) ?? slots[0]!;
  }

  private find(name: string): PluginSlot[] {
    const slots = [...this.slots.values()].filter((slot) => slot.dropIn.name === name);
    if (slots.length > 0) return slots;
    const known = [...new Set([...this.slots.values()].map((slot) => slot.dropIn.name))].join(', ') || 'none';
    throw new MeshError('MESH_PLUGIN_UNKNOWN', `There is no plugin "${name}" (there are: ${known}).`);
  }

  /** A Nest application consumes under this name, which finds in CRM_DIRECT what is sent to it. */
  private async isOfApp(name: string): Promise<boolean> {
    if ([...this.slots.values()].some((slot) => slot.dropIn.name === name)) return false;
    return (await this.options.nats.durableState('CRM_EVENTS', name))?.metadata?.['app'] !== undefined;
  }

  private async forEachDurable(
    name: string,
    change: (stream: string, durable: string) => Promise<void>,
  ): Promise<void> {
    const slots = this.find(name);
    for (const stream of ['CRM_EVENTS', 'CRM_DIRECT']) {
      const durables = (await this.options.nats.listDurables(stream)).filter((each) => readPartition(each.name, name));
      // Says which durable is missing.
      if (durables.length === 0 && stream === 'CRM_EVENTS') await change(stream, name);
      for (const durable of durables) await change(stream, durable.name);
    }
    await Promise.all(slots.map((slot) => slot.look()));
  }
}
