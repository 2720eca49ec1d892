import { rm } from 'node:fs/promises';
import {
  loadSource,
  refuseDuplicate,
  refuseShipped,
  watchDropIns,
  type DropIn,
  type DropInEvent,
  type DropInWatch,
  type LoadedSource,
} from '@crm-mesh/drop-ins';
import type { Source } from '@crm-mesh/sdk';
import type { Logger } from '@crm-mesh/telemetry';
import { makeRefusedSource } from './refused-source.js';

export interface DropInSourcesOptions {
  folders: readonly string[];
  cacheFolder: string;
  /** Names that are taken. */
  shipped: ReadonlySet<string>;
  log: Logger;
}

/** Puts a source in the place of the one of its name; throws when the connections' settings do not fit it. */
export type ReplaceSource = (source: Source) => Promise<void>;

/**
 * A team's own sources: `<name>.source.ts` of the plugin folders. One that cannot be loaded is refused alone; one that
 * changes takes the place of the running one, which stays when the new one is refused.
 */
export class DropInSources {
  /** By file; a name may stand on two, of which one is refused. */
  readonly #files = new Map<string, { dropIn: DropIn; source: Source | undefined; version: string | undefined }>();
  #watch: DropInWatch | undefined;
  #replace: ReplaceSource | undefined;

  constructor(private readonly options: DropInSourcesOptions) {}

  /** Loads what lies there. What is wrong is told in the log, and never thrown. */
  async start(): Promise<void> {
    const { folders, cacheFolder, log } = this.options;
    await rm(cacheFolder, { recursive: true, force: true }); // bundles of former lives
    this.#watch = await watchDropIns({
      kind: 'source',
      folders,
      onEvent: (event) => this.apply(event),
      onError: (err) => log.error({ err }, 'the folders of sources could not be looked at'),
    });
    // One after the other, so that of two files with one name the first in the order of folders gets it.
    for (const dropIn of this.#watch.initial) await this.load(dropIn);
  }

  /** One for each name, also of those that are refused. */
  list(): Source[] {
    const names = [...new Set([...this.#files.values()].map(({ dropIn }) => dropIn.name))];
    return names
      .filter((name) => !this.options.shipped.has(name))
      .map((name) => this.find(name)?.source ?? makeRefusedSource(name));
  }

  /** Changes are told from now on. */
  follow(replace: ReplaceSource): void {
    this.#replace = replace;
  }

  async stop(): Promise<void> {
    await this.#watch?.close();
  }

  private find(name: string) {
    return [...this.#files.values()].find(({ dropIn, source }) => dropIn.name === name && source !== undefined);
  }

  private async apply({ kind, dropIn }: DropInEvent): Promise<void> {
    if (kind !== 'removed') return this.load(dropIn);
    this.#files.delete(dropIn.file);
    const reason =
      'its file is gone: connections of this source go on with what was loaded until the publisher restarts';
    this.options.log.warn({ source: dropIn.name, file: dropIn.file, state: 'removed', reason }, 'source');
  }

  private async load(dropIn: DropIn): Promise<void> {
    const loaded = this.checkName(await loadSource(dropIn, this.options));
    this.#watch?.track(loaded);
    const before = this.#files.get(dropIn.file);
    this.#files.set(dropIn.file, before ?? { dropIn, source: undefined, version: undefined });
    const { version } = loaded;
    if (!loaded.ok) return this.refuse(dropIn, loaded.error);
    // A file may be told as changed whose content is the same.
    if (before?.source !== undefined && before.version === version) return;
    try {
      await this.#replace?.(loaded.source);
    } catch (error) {
      return this.refuse(dropIn, error);
    }
    this.#files.set(dropIn.file, { dropIn, source: loaded.source, version });
    this.options.log.info({ source: dropIn.name, state: 'loaded', file: dropIn.file, version }, 'source');
  }

  private checkName(loaded: LoadedSource): LoadedSource {
    const { dropIn, inputs } = loaded;
    if (!loaded.ok) return loaded;
    if (this.options.shipped.has(dropIn.name)) return { ok: false, error: refuseShipped(dropIn), dropIn, inputs };
    const owner = this.find(dropIn.name)?.dropIn;
    if (owner === undefined || owner.file === dropIn.file) return loaded;
    return { ok: false, error: refuseDuplicate(dropIn, owner), dropIn, inputs };
  }

  private refuse(dropIn: DropIn, error: unknown): void {
    const { name: source, file } = dropIn;
    const running = this.find(source)?.version;
    const { what = String(error), cure } = error as { what?: string; cure?: string };
    this.options.log.error({ source, state: 'refused', file, reason: what, cure, running }, 'source');
  }
}
