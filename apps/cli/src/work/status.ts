import { setTimeout as delay } from 'node:timers/promises';
import type { Nats } from '@crm-mesh/jetstream';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { readMeshStatus } from '../mesh/mesh-status.js';
import { renderStatus } from '../output/status-tables.js';

const CLEAR = '\u001b[2J\u001b[H';
const WATCH_MS = 2_000;

export async function watchStatus(context: CliContext, { watch = false }: { watch?: boolean }): Promise<ExitCode> {
  return withMesh(context, async (nats) => {
    for (;;) {
      const code = await showStatus(context, nats, watch);
      if (!watch) return code;
      await delay(WATCH_MS);
    }
  });
}

async function showStatus({ terminal }: CliContext, nats: Nats, watch: boolean): Promise<ExitCode> {
  const status = await readMeshStatus(nats);
  terminal.printJson(status);
  terminal.print(`${watch && process.stdout.isTTY ? CLEAR : ''}${renderStatus(status, Date.now())}`);
  return status.problems.length === 0 ? EXIT.ok : EXIT.problem;
}
