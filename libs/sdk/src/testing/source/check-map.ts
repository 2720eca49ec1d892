import type { SourceContext } from '../../source/context.js';
import type { MappedRecord, NotificationDraft } from '../../source/record.js';
import { isObject } from '../../kit/read-value.js';
import { check, describe, expectMapped, expectSame } from './expect-contract.js';
import { spoilEachPart } from './hostile-values.js';
import type { SourceBench } from './source-bench.js';
import type { RecordSample, SourceCheck } from './source-samples.js';

export function listMapChecks(bench: SourceBench): SourceCheck[] {
  const { records = [], requests = [] } = bench.samples;
  const compared = requests.filter(({ notifications }) => notifications.some(({ mapped }) => mapped !== undefined));
  return [
    {
      name: 'map: has samples',
      run: async () => check(records.length + requests.length > 0, 'samples.records and samples.requests are empty'),
    },
    ...records.map((sample) => ({ name: `map: maps ${sample.name}`, run: () => expectRecord(bench, sample) })),
    ...compared.map(({ name }) => ({
      name: `map: maps what ${name} says`,
      run: async () => {
        for (const sample of await listRecords(bench, name)) await expectRecord(bench, sample);
      },
    })),
    { name: 'map: keeps to the contract with whatever was read', run: () => expectAllMapped(bench) },
    { name: 'map: takes what is gone for deleted, or waits', run: () => mapGone(bench) },
    { name: 'map: throws nothing but MESH_MAPPING_INVALID over what is wrong', run: () => mapSpoilt(bench) },
  ];
}

async function expectRecord(bench: SourceBench, sample: RecordSample): Promise<void> {
  const mapped = await map(bench, sample, await bench.openContext());
  expectMapped(mapped, sample.draft, sample.name);
  if (sample.mapped !== undefined) expectSame(mapped, sample.mapped, sample.name);
  expectSame(await map(bench, sample, await bench.openContext()), mapped, `${sample.name}, mapped again:`);
}

async function expectAllMapped(bench: SourceBench): Promise<void> {
  for (const sample of await listRecords(bench)) {
    await expectMappedOrRefused(bench, sample, sample.name, await bench.openContext());
  }
}

async function mapGone(bench: SourceBench): Promise<void> {
  if (!bench.source.fetch) return;
  const context = await bench.openContext();
  for (const { draft, name } of await listRecords(bench)) {
    for (const change of ['deleted', 'updated', 'unknown'] as const) {
      const { fetched: _carried, ...bare } = draft;
      const what = `${name}, ${change} and not there any more`;
      const mapped = await expectMappedOrRefused(bench, { name, draft: { ...bare, change } }, what, context);
      check(mapped?.state !== 'present', `${what}: is mapped as if it were there`);
    }
  }
}

/**
 * Of what `fetch` gave only the leaves: what holds them the source has built itself, or the API that it trusts. A record
 * that breaks its schema, or has another id, the mesh refuses by itself, and names the field.
 */
async function mapSpoilt(bench: SourceBench): Promise<void> {
  const context = await bench.openContext();
  for (const { draft, name, fetched } of await listRecords(bench)) {
    // An order to erase is obeyed whatever else it says.
    if (draft.change === 'erased') continue;
    const [part, value] =
      fetched === undefined ? (['payload', draft.payload] as const) : (['fetched', fetched] as const);
    for (const { what, spoilt } of spoilEachPart(value, part === 'fetched' ? 'leaves' : 'all')) {
      const sample =
        part === 'fetched' ? { name, draft, fetched: spoilt } : { name, draft: { ...draft, payload: spoilt } };
      await mapOrRefuse(bench, sample, `${name}, ${part} ${what}`, context);
    }
  }
}

/** What a sample's record comes to; undefined when it is refused as it may be. */
async function expectMappedOrRefused(
  bench: SourceBench,
  sample: RecordSample,
  what: string,
  context: SourceContext,
): Promise<MappedRecord | undefined> {
  const mapped = await mapOrRefuse(bench, sample, what, context);
  if (mapped) expectMapped(mapped, sample.draft, what);
  return mapped;
}

async function mapOrRefuse(
  bench: SourceBench,
  sample: RecordSample,
  what: string,
  context: SourceContext,
): Promise<MappedRecord | undefined> {
  try {
    return await map(bench, sample, context);
  } catch (error) {
    if (isDocumented(error)) return undefined;
    throw new Error(`${what}: map throws ${String(error)}`, { cause: error });
  }
}

function isDocumented(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (['RetryLater', 'Unavailable'].includes(error.name)) return true;
  return ['PermanentError', 'MeshError'].includes(error.name) && error.message.startsWith('MESH_MAPPING_INVALID');
}

function map(bench: SourceBench, { draft, fetched }: RecordSample, context: SourceContext): Promise<MappedRecord> {
  const notification = bench.toNotification(structuredClone(draft));
  return Promise.resolve(bench.source.map({ notification, fetched }, context));
}

/** Every record that the samples show, as `map` would get it. */
async function listRecords(bench: SourceBench, onlyRequest?: string): Promise<RecordSample[]> {
  const { records = [], requests = [] } = bench.samples;
  const context = await bench.openContext();
  const read = requests
    .filter(({ name }) => onlyRequest === undefined || name === onlyRequest)
    .flatMap(({ name, request, notifications }) => {
      const drafts: NotificationDraft[] = bench.source.split?.(bench.toRequest(request), context) ?? [];
      return drafts.map((draft, index) => {
        const expected = notifications[index];
        const { mapped } = expected ?? {};
        return {
          name: drafts.length > 1 ? `${name} (${index})` : name,
          draft,
          mapped,
          fetched: carried(draft, expected),
        };
      });
    })
    .map(({ mapped, ...sample }) => (mapped === undefined ? sample : { ...sample, mapped }));
  return onlyRequest === undefined ? [...read, ...records] : read;
}

function carried(draft: NotificationDraft, expected: { fetched?: unknown } | undefined): unknown {
  return draft.fetched ?? expected?.fetched;
}

/** For messages of the walks. */
export function nameDraft(draft: unknown): string {
  return isObject(draft) ? describe([draft['entity'], draft['id'], draft['change']]) : describe(draft);
}
