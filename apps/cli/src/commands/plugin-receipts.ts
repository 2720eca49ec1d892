import type { Command } from 'commander';
import { runCommand } from '../command.js';
import { parseWholeNumber } from './parse-options.js';

const SHOWN = 50;

export function addPluginReceipts(plugin: Command): void {
  const receipts = plugin
    .command('receipts')
    .description('What its handler gave back for events that it has done, the newest first.')
    .argument('<name>')
    .option('--record <key>', 'of one record: deal/4711, or tenant/connection/deal/4711')
    .option('--limit <number>', 'at most so many', parseWholeNumber, SHOWN);
  runCommand(receipts, async () => (await import('../work/plugin-receipts.js')).showReceipts);
}
