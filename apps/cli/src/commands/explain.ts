import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { runCommand } from '../command.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { buildTimeline } from '../mesh/build-timeline.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { explainRecord, type Explanation } from '../mesh/explain-record.js';
import { renderExplanation } from '../output/explanation-tables.js';

export function addExplain(program: Command): void {
  const explain = program
    .command('explain')
    .description('All that happened to one record, in order, and where it stands with each plugin.')
    .argument('<record>', 'tenant/connection/entity/id; or entity/id, where one connection alone knows it')
    .option('--values', 'show what changed fields held; may be personal data');
  runCommand<{ values?: boolean }, [string]>(explain, showRecord);
}

async function showRecord(
  context: CliContext,
  { values = false }: { values?: boolean },
  record: string,
): Promise<ExitCode> {
  return withMesh(context, async (nats) => {
    const explanation = await explainRecord(nats, { record, values });
    context.terminal.printJson(toDocument(explanation));
    context.terminal.print(renderExplanation(explanation));
    return EXIT.ok;
  });
}

/** What happened stands in the timeline alone. */
function toDocument(explanation: Explanation): object {
  const { history, plugins, away, apps } = explanation;
  const { record, aliases, ledger, notificationsSince, parked, differences } = history;
  const timeline = buildTimeline(explanation);
  return { record, aliases, ledger, notificationsSince, parked, differences, timeline, plugins, away, apps };
}
