import type { Command } from 'commander';
import { runCommand } from '../command.js';

const NOTES = `
The publisher does it, and goes on by itself whatever becomes of this command; the same command follows it again.
What is newer than what is loaded wins, and what is known already makes no event.`;

export function addSourceBackfill(source: Command): void {
  const backfill = source
    .command('backfill')
    .description('Loads all records of a CRM, while what is live goes on.')
    .argument('<tenant/connection>')
    .option('--entity <entity...>', 'only these (default: all that the source can load)')
    .option('--cancel', 'ends the one that runs')
    .option('--no-follow', 'begins it, and does not wait for its end')
    .option('--as <who>', 'who does it, for CRM_AUDIT (default: user@machine)')
    .addHelpText('after', NOTES);
  runCommand(backfill, async () => (await import('../work/source-backfill.js')).loadConnection);
}
