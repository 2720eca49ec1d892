import type { Command } from 'commander';
import { runCommand } from '../command.js';

const HELP = `
The file holds a recorded webhook (as for \`mesh source verify\`), or the CRM's object as its API gives it: then --entity says
what it is. Nothing is stored or sent to the mesh. A source that reads what a record refers to (pipelines) asks its CRM.`;

export function addSourceMap(source: Command): void {
  const map = source
    .command('map')
    .description('Shows what a sample becomes with the mapping of mesh.yaml, and every field that was left over.')
    .requiredOption('--sample <file>', 'a recorded webhook, or an object of the CRM')
    .option('--connection <tenant/name>', 'default: the only one, or the one that the recorded path names')
    .option('--entity <entity>', 'what the object is: contact, deal …')
    .option('--id <id>', 'default: `id` of the object')
    .addHelpText('after', HELP);
  runCommand(map, async () => (await import('../work/source-map.js')).mapFile);
}
