import type { Command } from 'commander';
import { runCommand } from '../command.js';

export function addPluginNew(plugin: Command): void {
  const command = plugin
    .command('new')
    .description('Writes a small plugin and its test; a running host picks it up at once.')
    .argument('<name>', 'lower-case letters, digits and dashes, at most 32')
    .option('--events <types...>', 'deal.won, deal.*, * …', ['deal.won'])
    .option('--folder <folder>', 'default: the first plugin folder of mesh.yaml');
  runCommand(command, async () => (await import('../work/plugin-new.js')).writePlugin);
}
