import type { Command } from 'commander';
import { runCommand } from '../command.js';
import { addSelection } from './dead-selection.js';
import { parseRate } from './parse-options.js';

const USUAL_RATE = 50;

export function addDeadRedrive(dead: Command): void {
  const redrive = dead
    .command('redrive')
    .description('Sends dead letters to their consumer again, and to it alone, in the order in which they were told.');
  addSelection(redrive)
    .option('--patch <file>', 'mend each payload with this first; `mesh dead patch` shows what it does')
    .option('--again', 'also what a newer event of its record has superseded')
    .option('--rate <number>', 'at most so many a second', parseRate, USUAL_RATE)
    .option('-y, --yes', 'do not ask')
    .option('--as <who>', 'who does it, for CRM_AUDIT (default: user@machine)');
  runCommand(redrive, async () => (await import('../work/dead-redrive.js')).redriveDead);
}
