import type { Command } from 'commander';
import { runCommand } from '../command.js';
import { parsePlace, parseRate } from './parse-options.js';

const USUAL_RATE = 50;

export function addReplay(program: Command): void {
  const replay = program
    .command('replay')
    .description('Sends old events to one plugin again, and to it alone, in the order of the stream.')
    .argument('<plugin>')
    .option('--from <place>', 'from this event on: its sequence, 2h (ago), or 2026-01-31T12:00Z', parsePlace)
    .option(
      '--to <place>',
      'up to this event, or to what came before that time (default: all it was given)',
      parsePlace,
    )
    .option('--record <key>', 'of one record: tenant/connection/entity/id; or as much of it as is known')
    .option('--events <types>', 'of these types: deal.won,deal.lost or deal.*')
    .option('--again', 'also what an inbox knows to be done')
    .option('--resume <run>', 'go on with a replay that was interrupted')
    .option('--rate <number>', 'at most so many a second', parseRate, USUAL_RATE)
    .option('-y, --yes', 'do not ask')
    .option('--as <who>', 'who does it, for CRM_AUDIT (default: user@machine)');
  runCommand(replay, async () => (await import('../work/replay.js')).replayEvents);
}
