import type { WriteRequest, WriteResult } from '../../source/write.js';
import { DOWN, expectUnavailable } from './check-reads.js';
import { check, describe, expectPart } from './expect-contract.js';
import type { SourceBench } from './source-bench.js';
import type { SourceCheck, WriteSample } from './source-samples.js';

type Fields = Readonly<Record<string, unknown>>;

/** `write`: what it has done is read back by the source itself, where it can. */
export function listWriteChecks(bench: SourceBench): SourceCheck[] {
  const { source, samples } = bench;
  if (!source.write) return [];
  const { writes = [] } = samples;
  return [
    { name: 'write: has samples', run: async () => check(writes.length > 0, 'samples.writes is empty') },
    ...writes.flatMap((sample) => [
      { name: `write: makes, changes and deletes ${sample.entity}`, run: () => expectWritten(bench, sample) },
      { name: `write: refuses a change of no ${sample.entity}`, run: () => expectRefused(bench, sample) },
    ]),
    ...(source.api ? writes.slice(0, 1).map((sample) => listDownCheck(bench, sample)) : []),
  ];
}

async function expectWritten(bench: SourceBench, { entity, record, change }: WriteSample): Promise<void> {
  const write = openWriter(bench, entity);
  const { id } = await write({ verb: 'create', record });
  await expectRecord(bench, { entity, id }, record);
  check((await write({ verb: 'update', id, record: change })).id === id, 'a change gives another id');
  await expectRecord(bench, { entity, id }, { ...record, ...change });
  check((await write({ verb: 'delete', id })).id === id, 'a deletion gives another id');
  const left = await bench.source.fetch?.(entity, [id], await bench.openContext());
  check(left?.get(id) === undefined, `${entity} ${id} is still there`);
  // A wish is tried again when its answer was lost.
  await write({ verb: 'delete', id });
}

/** Each in a connection of its own, with a key of its own. */
function openWriter(bench: SourceBench, entity: string) {
  let wishes = 0;
  return async (part: Omit<WriteRequest, 'entity' | 'idempotencyKey'>): Promise<WriteResult> => {
    const request = { ...part, entity, idempotencyKey: `check-${(wishes += 1)}` };
    const result = await bench.source.write!(request, await bench.openContext());
    check(typeof result.id === 'string' && result.id !== '', `${part.verb} gives the id ${describe(result.id)}`);
    return result;
  };
}

/** A field that was emptied is absent. */
async function expectRecord(bench: SourceBench, place: { entity: string; id: string }, fields: Fields): Promise<void> {
  const { source } = bench;
  if (!source.fetch) return;
  const { entity, id } = place;
  const fetched = (await source.fetch(entity, [id], await bench.openContext())).get(id);
  check(fetched !== undefined, `${entity} ${id} cannot be read after it was written`);
  const notification = bench.toNotification({ entity, id, change: 'updated', dedupeKey: 'written', payload: {} });
  const mapped = await source.map({ notification, fetched }, await bench.openContext());
  if (mapped.state !== 'present') throw new Error(`${entity} ${id} is ${mapped.state} after it was written`);
  const wanted = Object.entries(fields).map(([field, value]) => [field, value ?? undefined] as const);
  expectPart(mapped.record, Object.fromEntries(wanted), `${entity} ${id}`);
}

async function expectRefused(bench: SourceBench, { entity, change }: WriteSample): Promise<void> {
  const write = openWriter(bench, entity);
  const error: unknown = await write({ verb: 'update', record: change }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  check(error instanceof Error, 'a change that names no record is taken');
  const isFinal = !['Unavailable', 'RetryLater'].includes(error.name);
  check(isFinal, `a change that names no record would be tried for ever: ${error.name}`);
}

function listDownCheck(bench: SourceBench, { entity, record }: WriteSample): SourceCheck {
  return {
    name: 'write: never takes an API that is down for an answer',
    run: async () => {
      const context = await bench.openContext({ api: DOWN });
      const request = { verb: 'create', entity, record, idempotencyKey: 'down' } as const;
      const result = await expectUnavailable(() => bench.source.write!(request, context));
      check(result === undefined, 'write gives a result although nothing was answered');
    },
  };
}
