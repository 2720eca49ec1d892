import { AsyncLocalStorage } from 'node:async_hooks';

const running = new AsyncLocalStorage<string>();

/** Runs `work` so that what goes wrong in it later, beside any promise that is awaited, can be laid at the plugin's door. */
export function attribute<Result>(plugin: string, work: () => Result): Result {
  return running.run(plugin, work);
}

/** A plugin's file, or its bundle, in a stack. */
const PLUGIN_FILE = /[/\\]([a-z0-9-]+)(?:\.plugin\.m?[jt]s|-[0-9a-f]{12}\.mjs)/;

/**
 * The plugin whose work this is; for an error that came out of nowhere, the one whose file is in its stack. Undefined: the
 * host's own.
 */
export function findCulprit(error?: unknown): string | undefined {
  const stack = error instanceof Error ? error.stack : undefined;
  return running.getStore() ?? PLUGIN_FILE.exec(stack ?? '')?.[1];
}
