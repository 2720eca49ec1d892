import pc from 'picocolors';
import { MeshError } from '@crm-mesh/contract';
import type { DropResult } from '@crm-mesh/delivery';
import { requestControl } from '@crm-mesh/jetstream';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { ownerOf } from '../mesh/control.js';
import { nameActor } from '../mesh/name-actor.js';
import { planRedrive } from '../mesh/plan-redrive.js';
import { askPerson, select, type SelectionOptions } from './dead-selection.js';

const TIMEOUT_MS = 30_000;

interface DropOptions extends SelectionOptions {
  yes?: boolean;
  as?: string;
}

export async function dropDead(context: CliContext, options: DropOptions, sequences: number[] = []): Promise<ExitCode> {
  const { terminal } = context;
  return withMesh(context, async (nats) => {
    const letters = await select(nats, options, sequences);
    if (!options.yes && letters.length > 0 && !(await askPerson(terminal, 'Drop', letters))) {
      if (terminal.interactive) return EXIT.problem;
      throw new MeshError('MESH_USAGE', 'Nobody can be asked whether to drop them.', { cure: 'Say --yes.' });
    }
    const done: DropResult = { dropped: [], missing: [] };
    for (const { consumer, sequences: own } of planRedrive(letters)) {
      const request = { consumer, sequences: own, by: nameActor(options.as) };
      const answer = await requestControl<DropResult>(nats, ownerOf(consumer), 'drop', request, {
        timeoutMs: TIMEOUT_MS,
      });
      done.dropped.push(...answer.dropped);
      done.missing.push(...answer.missing);
      terminal.remark(pc.dim(`${done.dropped.length + done.missing.length} of ${letters.length} (${consumer})`));
    }
    terminal.printJson(done);
    terminal.print(`${pc.green('✓')} ${done.dropped.length} dropped`);
    return done.missing.length === 0 ? EXIT.ok : EXIT.problem;
  });
}
