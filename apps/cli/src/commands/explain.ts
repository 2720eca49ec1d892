import type { Command } from 'commander';
import { runCommand } from '../command.js';

export function addExplain(program: Command): void {
  const explain = program
    .command('explain')
    .description('All that happened to one record, in order, and where it stands with each plugin.')
    .argument('<record>', 'tenant/connection/entity/id; or entity/id, where one connection alone knows it')
    .option('--values', 'show what changed fields held; may be personal data');
  runCommand(explain, async () => (await import('../work/explain.js')).showRecord);
}
