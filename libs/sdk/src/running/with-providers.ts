import type { EventPattern } from '@crm-mesh/contract';
import type { Plugin } from '../plugin.js';
import type { PluginReconcile } from '../reconcile/plugin-reconcile.js';
import { openNestContext, openProviders, type OpenContext, type OpenedProviders } from './open-providers.js';

/**
 * The plugin with its Nest providers: made before its `setup`, handed to all that it runs, and closed after its `teardown`.
 * Where it asks for none, the plugin as it is.
 */
export function withProviders<P extends EventPattern, C>(
  plugin: Plugin<P, C>,
  place: string,
  openContext: OpenContext = openNestContext,
): Plugin<P, C> {
  if (!plugin.imports || !plugin.inject) return plugin;
  let opened: OpenedProviders | undefined;
  const give = <Context extends object>(context: Context): Context =>
    Object.assign(context, { injected: opened?.injected ?? [] });
  const close = async (): Promise<void> => {
    const former = opened;
    opened = undefined;
    await former?.close();
  };
  const { handle, handleBatch, reconcile } = plugin;
  return {
    ...plugin,
    async setup(context) {
      opened = await openProviders({ plugin: plugin as unknown as Plugin, place, context, openContext });
      try {
        await plugin.setup?.(give({ ...context }));
      } catch (error) {
        await close();
        throw error;
      }
    },
    // A run's context is its own: it is added to, and not copied, as some of it is made when it is asked for.
    ...(handle ? { handle: (event, context) => handle.call(plugin, event, give(context)) } : {}),
    ...(handleBatch ? { handleBatch: (events, context) => handleBatch.call(plugin, events, give(context)) } : {}),
    ...(reconcile ? { reconcile: giveToReconcile(reconcile, give) } : {}),
    async teardown(context) {
      try {
        await plugin.teardown?.(give({ ...context }));
      } finally {
        await close();
      }
    },
  };
}

function giveToReconcile<C>(
  reconcile: PluginReconcile<C>,
  give: <Context extends object>(context: Context) => Context,
): PluginReconcile<C> {
  const { digests } = reconcile;
  return {
    ...reconcile,
    page: (question, context) => reconcile.page(question, give({ ...context })),
    ...(digests ? { digests: (question, context) => digests.call(reconcile, question, give({ ...context })) } : {}),
  };
}
