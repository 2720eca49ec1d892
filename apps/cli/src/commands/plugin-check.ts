import type { Command } from 'commander';
import { runCommand } from '../command.js';

export function addPluginCheck(plugin: Command): void {
  const command = plugin
    .command('check')
    .description('Loads plugins as the host would, without running them, and checks their part of mesh.yaml.')
    .argument('[files...]', 'default: every plugin of the plugin folders');
  runCommand(command, async () => (await import('../work/plugin-check.js')).checkPlugins);
}
