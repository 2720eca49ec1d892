import type { Command } from 'commander';
import { runCommand } from '../command.js';
import { addSelection } from './dead-selection.js';

export function addDeadDrop(dead: Command): void {
  const drop = dead.command('drop').description('Closes dead letters for good, without a redrive.');
  addSelection(drop)
    .option('-y, --yes', 'do not ask')
    .option('--as <who>', 'who does it, for CRM_AUDIT (default: user@machine)');
  runCommand(drop, async () => (await import('../work/dead-drop.js')).dropDead);
}
