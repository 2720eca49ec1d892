import type { Command } from 'commander';
import { runCommand } from '../command.js';

export function addSourceStatus(source: Command): void {
  const status = source
    .command('status')
    .description(
      'Of each connection: what it listens to, how far it is read, what fails, which webhooks were missed. Exits with 1 when something fails.',
    );
  runCommand(status, async () => (await import('../work/source-status.js')).showSources);
}
