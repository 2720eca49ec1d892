import pc from 'picocolors';
import type { RetellAnswer } from '@crm-mesh/control';
import { requestControl, type Nats } from '@crm-mesh/jetstream';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { nameActor } from '../mesh/name-actor.js';
import { readConnectionName } from '../mesh/read-connection-name.js';
import { formatCount } from '../output/format.js';

interface RetellOptions {
  entity?: string;
  field?: string;
  as?: string;
}

const TIMEOUT_MS = 30_000;

export async function retellConnection(context: CliContext, options: RetellOptions, name: string): Promise<ExitCode> {
  // Not all of them: those of every command are among them, and are nobody else's business.
  const { as, entity, field } = options;
  const request = { ...readConnectionName(name), entity, field, by: nameActor(as) };
  return withMesh(context, async (nats) => {
    const { retold, untold } = await askPages(nats, request);
    context.terminal.printJson({ retold, untold });
    context.terminal.print(`${pc.green('✓')} ${formatCount(retold)} records go through the mapping again`);
    if (untold > 0) {
      const why = 'their source cannot read them, and what the CRM said of them is no longer kept';
      context.terminal.print(
        `${pc.yellow(`${formatCount(untold)} cannot:`)} ${why}. They are told with their next change.`,
      );
    }
    return untold > 0 ? EXIT.problem : EXIT.ok;
  });
}

async function askPages(nats: Nats, request: object): Promise<Omit<RetellAnswer, 'after'>> {
  const sum = { retold: 0, untold: 0 };
  let after: RetellAnswer['after'];
  do {
    const page: object = { ...request, ...(after && { after }) };
    const answer = await requestControl<RetellAnswer>(nats, 'publisher', 'retell', page, { timeoutMs: TIMEOUT_MS });
    sum.retold += answer.retold;
    sum.untold += answer.untold;
    after = answer.after;
  } while (after);
  return sum;
}
