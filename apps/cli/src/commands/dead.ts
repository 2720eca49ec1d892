import type { Command } from 'commander';
import { runCommand } from '../command.js';
import { addDeadDrop } from './dead-drop.js';
import { addDeadPatch } from './dead-patch.js';
import { addDeadRedrive } from './dead-redrive.js';
import { addQueryOptions, USUAL_LIMIT } from './dead-selection.js';
import { parseWholeNumber } from './parse-options.js';

export function addDead(program: Command): void {
  const dead = program.command('dead').description('Dead letters: events that a consumer gave up.');
  const list = dead.command('list').description('The open ones, oldest first; or what they have in common.');
  addQueryOptions(list)
    .option('--groups', 'one line for each version of a consumer and kind of error')
    .option('--limit <number>', `at most so many (default: ${USUAL_LIMIT}; groups count all)`, parseWholeNumber);
  runCommand(list, async () => (await import('../work/dead.js')).listDead);
  const show = dead
    .command('show')
    .description('One of them: its error, attempts and payload.')
    .argument('<sequence>', 'as `dead list` shows it', parseWholeNumber);
  runCommand(show, async () => (await import('../work/dead.js')).showDead);
  for (const add of [addDeadPatch, addDeadRedrive, addDeadDrop]) add(dead);
}
