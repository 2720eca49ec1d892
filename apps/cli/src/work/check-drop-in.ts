import { join } from 'node:path';
import { readPluginSettings, validateConfig, type LoadedConfig } from '@crm-mesh/config';
import { loadPlugin, type DropIn } from '@crm-mesh/drop-ins';
import type { Plugin } from '@crm-mesh/sdk';
import { describeError, type DescribedError } from '../output/describe-error.js';

/** What the host would say of a plugin. */
export interface DropInCheck {
  file: string;
  name: string;
  ok: boolean;
  version?: string;
  events?: readonly string[];
  error?: DescribedError;
  warnings: string[];
}

/** Loads it as the host would, without running it, and checks its part of mesh.yaml. */
export async function checkDropIn(dropIn: DropIn, config: LoadedConfig): Promise<DropInCheck> {
  const base = { file: dropIn.file, name: dropIn.name, warnings: [] };
  const loaded = await loadPlugin(dropIn, { cacheFolder: join(config.dataDir, 'cache', 'plugins') });
  if (!loaded.ok) return { ...base, ok: false, error: describeError(loaded.error) };
  const { plugin, version } = loaded;
  const { events } = plugin;
  try {
    await checkSettings(plugin, config);
    return { ...base, ok: true, version, events, warnings: findWarnings(events) };
  } catch (error) {
    return { ...base, ok: false, version, events, error: describeError(error) };
  }
}

async function checkSettings(plugin: Plugin, config: LoadedConfig): Promise<void> {
  const settings = readPluginSettings(config, plugin.name);
  if (!settings.enabled || plugin.config === undefined) return;
  await validateConfig(plugin.config, settings.config, `plugins.${plugin.name}`);
}

/** Each event has one action, the most specific: who waits for `deal.updated` alone never hears of a won deal. */
export function findWarnings(events: readonly string[]): string[] {
  if (
    !events.includes('deal.updated') ||
    events.some((event) => event === '*' || event === 'deal.*' || event === 'deal.won')
  )
    return [];
  return [
    'deal.updated alone leaves out deals that changed stage, were won, lost or reopened: write deal.* to get them all',
  ];
}
