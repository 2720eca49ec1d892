import type { Command } from 'commander';
import { runCommand } from '../command.js';

export function addDemo(program: Command): void {
  const command = program
    .command('demo')
    .summary('send a fixed scenario through a mesh of its own and check the counts')
    .description(
      'Starts a mesh in a temporary folder, sends a fixed scenario through it, and exits with 0 only if every count is right.',
    )
    .option('--verbose', 'show every event and outcome');
  runCommand(command, async () => (await import('../work/demo.js')).runDemo);
}
