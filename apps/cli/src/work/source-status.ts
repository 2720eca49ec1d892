import { MeshError } from '@crm-mesh/contract';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { askSources, isFailing } from '../mesh/source-status.js';
import { renderSources } from '../output/source-tables.js';

export async function showSources(context: CliContext): Promise<ExitCode> {
  const { terminal } = context;
  return withMesh(context, async (nats) => {
    const sources = await askSources(nats);
    if (!sources) throw new MeshError('MESH_NATS_NO_ANSWER', 'No publisher answers.');
    terminal.printJson(sources);
    terminal.print(renderSources(sources, Date.now()));
    return sources.some(isFailing) ? EXIT.problem : EXIT.ok;
  });
}
