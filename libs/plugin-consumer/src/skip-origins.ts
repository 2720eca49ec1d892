import type { MeshEvent } from '@crm-mesh/contract';
import type { HandlerInput, RunHandler } from '@crm-mesh/delivery';
import type { RunOutcome } from '@crm-mesh/delivery/outcome';

/** What cannot be read is not skipped: it is to be buried, and seen. */
export function isSkipped(origins: readonly string[], data: Uint8Array): boolean {
  try {
    return origins.includes((JSON.parse(Buffer.from(data).toString('utf8')) as MeshEvent).origin);
  } catch {
    return false;
  }
}

/** Runs the handler with what is not to be skipped; of nothing else does it ever hear. */
export function passOver(runHandler: RunHandler, skips: (data: Uint8Array) => boolean): RunHandler {
  return async (input, run) => {
    const skipped = input.items.flatMap(({ data }, index) => (skips(data) ? [index] : []));
    if (skipped.length === 0) return runHandler(input, run);
    if (skipped.length === input.items.length) return { kind: 'done', skipped: true };
    const { rest, places } = leaveOut(input, new Set(skipped));
    return putBack(await runHandler(rest, run), skipped, places);
  };
}

/** `places`: where each of the rest stood. */
function leaveOut(input: HandlerInput, skipped: ReadonlySet<number>): { rest: HandlerInput; places: number[] } {
  const places = [...input.items.keys()].filter((index) => !skipped.has(index));
  return { rest: { ...input, items: places.map((index) => input.items[index]!) }, places };
}

function putBack(outcome: RunOutcome, skipped: readonly number[], places: readonly number[]): RunOutcome {
  // As a whole: those that were left out come again with the others, and are left out again.
  if (outcome.kind !== 'done' && outcome.kind !== 'partly') return outcome;
  if (outcome.kind === 'done') return outcome.skipped ? outcome : { kind: 'partly', failed: [], skipped: [...skipped] };
  const failed = outcome.failed.map((one) => ({ ...one, index: places[one.index]! }));
  const all = [...skipped, ...(outcome.skipped ?? []).map((index) => places[index]!)].toSorted((a, b) => a - b);
  return { kind: 'partly', failed, skipped: all };
}
