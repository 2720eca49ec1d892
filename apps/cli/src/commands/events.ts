import type { Command } from 'commander';
import { runCommand } from '../command.js';
import { parseWholeNumber } from './parse-options.js';

export function addEvents(program: Command): void {
  const events = program.command('events').description('Canonical events.');
  const tail = events
    .command('tail')
    .description('Events as they come, until Ctrl-C; with --json one event a line.')
    .option('--record <key>', 'of one record: tenant/connection/entity/id; or as much of it as is known')
    .option('--type <type>', 'of one type: deal.won, deal.*')
    .option(
      '--from <sequence>',
      'begin with this stream sequence instead of with what comes from now on',
      parseWholeNumber,
    )
    .option('--limit <number>', 'end after so many', parseWholeNumber)
    .option('--data', 'show what changed; may be personal data');
  runCommand(tail, async () => (await import('../work/events.js')).tailEvents);
}
