import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { USUAL_LIMIT } from '../commands/dead-selection.js';
import { withMesh } from '../mesh/connect-mesh.js';
import type { DeadLetterQuery } from '../mesh/dead-letter-query.js';
import { readDeadLetter, readDeadLetters, type OpenDeadLetter } from '../mesh/dead-letters.js';
import { groupLetters } from '../mesh/group-letters.js';
import { renderDeadLetter, renderDeadLetters, renderGroups } from '../output/dead-letter-tables.js';
import { describeMissing } from './dead-selection.js';

interface ListOptions extends DeadLetterQuery {
  groups?: boolean;
}

export async function listDead(context: CliContext, { groups, ...query }: ListOptions): Promise<ExitCode> {
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
    for await (const letter of readDeadLetters(nats, { limit: USUAL_LIMIT, ...query })) letters.push(letter);
    terminal.printJson({ total, deadLetters: letters });
    terminal.print(renderDeadLetters(letters, total, Date.now()));
    return EXIT.ok;
  });
}

export async function showDead(context: CliContext, _options: object, sequence: number): Promise<ExitCode> {
  return withMesh(context, async (nats) => {
    const letter = await readDeadLetter(nats, sequence);
    if (letter === undefined) throw describeMissing(sequence);
    context.terminal.printJson(letter);
    context.terminal.print(renderDeadLetter(letter));
    return EXIT.ok;
  });
}
