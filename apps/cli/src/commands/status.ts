import type { Command } from 'commander';
import { runCommand } from '../command.js';

export function addStatus(program: Command): void {
  const command = program
    .command('status')
    .description(
      'Streams, connections and consumers: lag, rate, errors, dead letters. Exits with 1 when something is not as it should be.',
    )
    .option('-w, --watch', 'again every two seconds');
  runCommand(command, async () => (await import('../work/status.js')).watchStatus);
}
