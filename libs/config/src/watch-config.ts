import { resolve, dirname } from 'node:path';
import type { MeshError } from '@crm-mesh/contract';
import { ConfigError } from './config-error.js';
import { loadConfig, type LoadedConfig, type LoadOptions } from './load-config.js';

export interface WatchOptions extends Omit<LoadOptions, 'file'> {
  file: string;
  /** A new, valid content. */
  onChange(config: LoadedConfig): void;
  /** The new content is wrong: what was loaded before goes on to hold. */
  onError(error: MeshError): void;
  /** Editors write in several steps. Default 200 ms. */
  debounceMs?: number;
}

const LOOK_MS = 250;

export interface ConfigWatch {
  close(): Promise<void>;
}

/** Tells when mesh.yaml, or a file that it takes a secret from, has changed. Resolves when it is looking. */
export async function watchConfig(options: WatchOptions): Promise<ConfigWatch> {
  const { file, debounceMs = 200 } = options;
  // Loaded where something is watched: most readers of mesh.yaml read it once.
  const { watch } = await import('chokidar');
  // By looking: what replaces a file while a change is being read is missed by those who wait to be told.
  const watcher = watch(file, { ignoreInitial: true, usePolling: true, interval: LOOK_MS });
  let timer: NodeJS.Timeout | undefined;
  const reload = (): void => {
    try {
      const config = loadConfig(options);
      watcher.add(listSecretFiles(config));
      options.onChange(config);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      options.onError(error);
    }
  };
  watcher.on('all', () => {
    clearTimeout(timer);
    timer = setTimeout(reload, debounceMs);
  });
  await new Promise<void>((ready) => watcher.once('ready', ready));
  watcher.add(readSecretFiles(options));
  return {
    close: () => {
      clearTimeout(timer);
      return watcher.close();
    },
  };
}

/** What is wrong at the start was told by whoever loaded the file. */
function readSecretFiles(options: LoadOptions): string[] {
  try {
    return listSecretFiles(loadConfig(options));
  } catch {
    return [];
  }
}

function listSecretFiles({ file, references }: LoadedConfig): string[] {
  const files = references.filter((reference) => reference.kind === 'file');
  return files.map((reference) => resolve(dirname(file ?? '.'), reference.name));
}
