import type { Command } from 'commander';
import { collectSequences, parseMoment } from './parse-options.js';

/** So many are listed; groups count all. */
export const USUAL_LIMIT = 50;

/** Which ones are meant. */
export function addQueryOptions(command: Command): Command {
  return command
    .option('--consumer <name>', 'of one plugin, or of the normaliser')
    .option('--group <id>', 'of one group, as `dead list --groups` shows it')
    .option('--record <key>', 'of one record: deal/4711, or tenant/connection/deal/4711')
    .option('--since <when>', 'buried since then: 2h (ago), or 2026-01-31T12:00Z', parseMoment)
    .option('--until <when>', 'buried before then', parseMoment);
}

/** For commands that change something: named one by one, or selected. */
export function addSelection(command: Command): Command {
  command.argument('[sequences...]', 'as `dead list` shows them', collectSequences);
  return addQueryOptions(command).option('--all', 'all there are');
}
