import { watch, type FSWatcher } from 'chokidar';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { diffDropIns, type DropInEvent, type KnownDropIn } from './diff-drop-ins.js';
import type { DropIn, DropInKind } from './drop-in.js';
import { findDropIns } from './find-drop-ins.js';
import { isIgnored } from './ignored-files.js';
import type { LoadedPlugin } from './load-plugin.js';

export interface WatchDropInsOptions {
  /** Default: plugins. */
  kind?: DropInKind;
  folders: readonly string[];
  /** Told in order; the next look at the folders waits for it. What it throws goes to `onError`. */
  onEvent(event: DropInEvent): Promise<void> | void;
  /** The watch goes on. */
  onError(error: unknown): void;
  /** How long a file's size must rest before it counts as written, in milliseconds. Default 100. */
  settleMs?: number;
}

export interface DropInWatch {
  /** What lies in the folders at the start; no events are told for these. */
  readonly initial: readonly DropIn[];
  /**
   * Says of which files a drop-in was made, so that a change of any of them is told as its change. One that could not be
   * loaded (`ok: false`) is told as changed whatever changes: that may be what it lacked.
   */
  track(loaded: Pick<LoadedPlugin, 'dropIn' | 'inputs' | 'ok'>): void;
  close(): Promise<void>;
}

/**
 * Watches folders for drop-ins that come, change and go. An event is a hint to look again: a file may be told as changed
 * whose content is the same.
 */
export async function watchDropIns(options: WatchDropInsOptions): Promise<DropInWatch> {
  const folders = options.folders.map((folder) => resolve(folder));
  const settleMs = options.settleMs ?? 100;
  const kind = options.kind ?? 'plugin';
  // For a folder that is not there chokidar would look at all that happens in those above it.
  const present = folders.filter((folder) => existsSync(folder));
  const watcher = watch(present, {
    ignoreInitial: true,
    ignored: (path) => isIgnored(path, folders),
    awaitWriteFinish: { stabilityThreshold: settleMs, pollInterval: Math.max(10, Math.floor(settleMs / 4)) },
  });
  watcher.on('error', (error) => options.onError(error));
  if (present.length > 0) await new Promise<void>((ready) => watcher.once('ready', () => ready()));
  const folderWatch = new FolderWatch(watcher, { ...options, kind, folders, settleMs });
  await folderWatch.begin();
  return folderWatch;
}

/** chokidar does not see a folder come that was not there: whether it is there is asked this often. */
const MISSING_FOLDER_MS = 1_000;

class FolderWatch implements DropInWatch {
  initial: readonly DropIn[] = [];
  private readonly known = new Map<string, KnownDropIn>();
  private readonly touched = new Set<string>();
  private timer: NodeJS.Timeout | undefined;
  /** Looks at the folders stand in line. */
  private looking: Promise<void> = Promise.resolve();
  private closed = false;
  private missing: string[] = [];
  private missingTimer: NodeJS.Timeout | undefined;

  constructor(
    private readonly watcher: FSWatcher,
    private readonly options: Required<WatchDropInsOptions>,
  ) {}

  async begin(): Promise<void> {
    this.initial = await findDropIns(this.options.folders, this.options.kind);
    for (const dropIn of this.initial) this.remember(dropIn);
    this.watcher.on('all', (_, path) => this.touch(path));
    this.missing = this.options.folders.filter((folder) => !existsSync(folder));
    this.missingTimer = setInterval(() => this.watchNewFolders(), MISSING_FOLDER_MS).unref();
  }

  track({ dropIn, inputs, ok }: Pick<LoadedPlugin, 'dropIn' | 'inputs' | 'ok'>): void {
    if (this.closed || !this.known.has(dropIn.file)) return;
    this.known.set(dropIn.file, { dropIn, inputs: ok ? new Set(inputs) : 'any' });
    const outside = inputs.filter((path) => !this.options.folders.some((folder) => path.startsWith(folder)));
    if (outside.length > 0) this.watcher.add(outside);
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    clearInterval(this.missingTimer);
    await this.watcher.close();
    await this.looking;
  }

  private touch(path: string): void {
    if (this.closed) return;
    this.touched.add(resolve(path));
    clearTimeout(this.timer);
    // Gathers what one save, checkout or copy touches.
    this.timer = setTimeout(() => {
      this.looking = this.looking.then(() => this.look());
    }, this.options.settleMs / 2);
  }

  private watchNewFolders(): void {
    const missing = this.options.folders.filter((folder) => !existsSync(folder));
    for (const folder of this.missing.filter((before) => !missing.includes(before))) {
      this.watcher.unwatch(folder);
      this.watcher.add(folder);
      this.touch(folder);
    }
    this.missing = missing;
  }

  private async look(): Promise<void> {
    const touched = new Set(this.touched);
    this.touched.clear();
    const found = await findDropIns(this.options.folders, this.options.kind);
    for (const event of diffDropIns([...this.known.values()], found, touched)) {
      if (this.closed) return;
      if (event.kind === 'removed') this.known.delete(event.dropIn.file);
      if (event.kind === 'added') this.remember(event.dropIn);
      await this.tell(event);
    }
  }

  private async tell(event: DropInEvent): Promise<void> {
    try {
      await this.options.onEvent(event);
    } catch (error) {
      this.options.onError(error);
    }
  }

  private remember(dropIn: DropIn): void {
    this.known.set(dropIn.file, { dropIn, inputs: new Set([dropIn.file]) });
  }
}
