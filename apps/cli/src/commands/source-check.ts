import type { Command } from 'commander';
import { runCommand } from '../command.js';

export function addSourceCheck(source: Command): void {
  const command = source
    .command('check')
    .description(
      'Loads sources as the publisher would, without running them, and checks their connections in mesh.yaml.',
    )
    .argument('[files...]', 'default: every source of the plugin folders');
  runCommand(command, async () => (await import('../work/source-check.js')).checkSources);
}
