import { MeshError } from '@crm-mesh/contract';
import { isClaimed, type Nats } from '@crm-mesh/jetstream';
import type { ConsumerSpec, HandlerItem, RunHandler } from './consumer-spec.js';
import { describeError, type Outcome, type PartlyDone } from './outcome.js';

type Reader = Pick<Nats, 'readClaim'>;

/** The consumer that sees whole messages where the stream holds references to the object store. */
export function resolveClaims(spec: ConsumerSpec, nats: Reader): ConsumerSpec {
  const { laneOf } = spec;
  return {
    ...spec,
    ...(laneOf && { laneOf: (item) => (isClaimed(item.data) ? findLane(item, laneOf, nats) : laneOf(item)) }),
    runHandler: runWhole(spec.runHandler, nats),
  };
}

async function findLane(item: HandlerItem, laneOf: NonNullable<ConsumerSpec['laneOf']>, nats: Reader): Promise<string> {
  const data = await nats.readClaim(item.data);
  // What is lost is buried when it runs; until then it keeps its record's order.
  return data ? laneOf({ ...item, data }) : item.subject;
}

function runWhole(runHandler: RunHandler, nats: Reader): RunHandler {
  return async (input, run) => {
    if (!input.items.some(({ data }) => isClaimed(data))) return runHandler(input, run);
    const items: HandlerItem[] = [];
    const lost: number[] = [];
    for (const [index, item] of input.items.entries()) {
      const data = isClaimed(item.data) ? await nats.readClaim(item.data) : item.data;
      if (data) items.push({ ...item, data });
      else lost.push(index);
    }
    return lost.length === 0 ? runHandler({ ...input, items }, run) : refuse(input.items, lost);
  };
}

/** What is lost is buried; what came with it runs again, without it. */
function refuse(items: readonly HandlerItem[], lost: readonly number[]): Outcome | PartlyDone {
  const tell = (index: number): Outcome & { kind: 'permanent' } => {
    const { stream, sequence } = items[index]!;
    const error = new MeshError(
      'MESH_CLAIM_MISSING',
      `The payload of ${stream}/${sequence} is not in the object store.`,
    );
    return { kind: 'permanent', error: describeError(error) };
  };
  if (items.length === 1) return tell(0);
  const error = describeError(new Error('What came with it has lost its payload.'));
  const failed = items.map((_item, index) => {
    const outcome = lost.includes(index) ? tell(index) : ({ kind: 'retry-later', delayMs: 1, error } as const);
    return { index, outcome };
  });
  return { kind: 'partly', failed };
}
