import type { Command } from 'commander';
import { runCommand } from '../command.js';

export function addSourceNew(source: Command): void {
  const command = source
    .command('new')
    .description('Writes a small source and its test, for a CRM that the mesh does not know yet.')
    .argument('<name>', 'lower-case letters, digits and dashes, at most 32')
    .option('--folder <folder>', 'default: the first plugin folder of mesh.yaml');
  runCommand(command, async () => (await import('../work/source-new.js')).writeSource);
}
