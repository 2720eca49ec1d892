import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { buildTimeline } from '../mesh/build-timeline.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { explainRecord, type Explanation } from '../mesh/explain-record.js';
import { renderExplanation } from '../output/explanation-tables.js';

export async function showRecord(
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
