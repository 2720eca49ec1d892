import { readPayload } from '@crm-mesh/delivery/letters';
import type { CliContext } from '../cli-context.js';
import { EXIT, type ExitCode } from '../exit-code.js';
import { withMesh } from '../mesh/connect-mesh.js';
import { readDeadLetter } from '../mesh/dead-letters.js';
import { loadPatchFile, patchLetter, type Patched } from '../mesh/patch-letter.js';
import { takeSample } from '../mesh/take-sample.js';
import { renderPatched } from '../output/patch-diff.js';
import { select, type SelectionOptions } from './dead-selection.js';

interface PatchOptions extends SelectionOptions {
  with: string;
  sample: number;
}

export async function tryPatch(
  context: CliContext,
  options: PatchOptions,
  sequences: number[] = [],
): Promise<ExitCode> {
  const { terminal, cwd } = context;
  const patch = await loadPatchFile(cwd, options.with);
  return withMesh(context, async (nats) => {
    const letters = await select(nats, options, sequences);
    const sample: Patched[] = [];
    for (const { sequence } of takeSample(letters, options.sample)) {
      const letter = await readDeadLetter(nats, sequence);
      if (letter === undefined) continue; // closed meanwhile
      const { consumer, record } = letter;
      sample.push({
        sequence,
        consumer,
        record,
        ...(await patchLetter(letter, await readPayload(nats, letter), patch)),
      });
    }
    terminal.printJson({ selected: letters.length, patch: patch.hash, sample });
    terminal.print([...sample.map(renderPatched), describeRest(letters.length, sample)].join('\n\n'));
    return sample.some(({ kind }) => kind === 'refused') ? EXIT.problem : EXIT.ok;
  });
}

function describeRest(selected: number, { length }: readonly Patched[]): string {
  if (selected === 0) return 'There is nothing to patch.';
  return `${length} of ${selected} tried, nothing sent. To send all of them: the same selection with mesh dead redrive --patch FILE`;
}
