import type { Command } from 'commander';
import { runCommand } from '../command.js';
import { addSelection } from './dead-selection.js';
import { parseWholeNumber } from './parse-options.js';

const USUAL_SAMPLE = 3;

export function addDeadPatch(dead: Command): void {
  const patch = dead
    .command('patch')
    .description('Shows what a patch would make of a sample, before and after. Sends nothing.');
  addSelection(patch)
    .requiredOption('--with <file>', 'TypeScript whose default export is definePatch(…) of @crm-mesh/sdk')
    .option('--sample <number>', 'so many of them, evenly spread', parseWholeNumber, USUAL_SAMPLE);
  runCommand(patch, async () => (await import('../work/dead-patch.js')).tryPatch);
}
