import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { runCommand } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import type { DeadLetterQuery } from '../mesh/dead-letter-query.js';
import { readDeadLetter, readDeadLetters, type OpenDeadLetter } from '../mesh/dead-letters.js';
import { groupLetters } from '../mesh/group-letters.js';
import { renderDeadLetter, renderDeadLetters, renderGroups } from '../output/dead-letter-tables.js';
import { addDeadDrop } from './dead-drop.js';
import { addDeadPatch } from './dead-patch.js';
import { addDeadRedrive } from './dead-redrive.js';
import { addQueryOptions, describeMissing } from './dead-selection.js';
import { parseWholeNumber } from './parse-options.js';

const SHOWN = 50;

interface ListOptions extends DeadLetterQuery {
  groups?: boolean;
}

export function addDead(program: Command): void {
  const dead = program.command('dead').description('Dead letters: events that a consumer gave up.');
  const list = dead.command('list').description('The open ones, oldest first; or what they have in common.');
  addQueryOptions(list)
    .option('--groups', 'one line for each version of a consumer and kind of error')
    .option('--limit <number>', `at most so many (default: ${SHOWN}; groups count all)`, parseWholeNumber);
  runCommand<ListOptions>(list, listDead);
  const show = dead
    .command('show')
    .description('One of them: its error, attempts and payload.')
    .argument('<sequence>', 'as `dead list` shows it', parseWholeNumber);
  runCommand<object, [number]>(show, showDead);
  for (const add of [addDeadPatch, addDeadRedrive, addDeadDrop]) add(dead);
}

async function listDead(context: CliContext, { groups, ...query }: ListOptions): Promise<ExitCode> {
  return withMesh(context, async (nats) => {
    const { terminal } = context;
    const { messages: total } = await nats.streamState('CRM_DEAD');
    if (groups) {
      const found = await groupLetters(readDeadLetters(nats, query));
      terminal.printJson({ total, groups: found });
      terminal.print(renderGroups(found, Date.now()));
      return EXIT.ok;
    }
    const letters: OpenDeadLetter[] = [];
    for await (const letter of readDeadLetters(nats, { limit: SHOWN, ...query })) letters.push(letter);
    terminal.printJson({ total, deadLetters: letters });
    terminal.print(renderDeadLetters(letters, total, Date.now()));
    return EXIT.ok;
  });
}

async function showDead(context: CliContext, _options: object, sequence: number): Promise<ExitCode> {
  return withMesh(context, async (nats) => {
    const letter = await readDeadLetter(nats, sequence);
    if (letter === undefined) throw describeMissing(sequence);
    context.terminal.printJson(letter);
    context.terminal.print(renderDeadLetter(letter));
    return EXIT.ok;
  });
}
