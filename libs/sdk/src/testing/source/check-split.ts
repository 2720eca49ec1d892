import { MeshError } from '@crm-mesh/contract';
import type { ApiClient } from '../../source/api.js';
import type { SourceContext } from '../../source/context.js';
import type { NotificationDraft } from '../../source/record.js';
import { check, describe, expectDraft, expectPart, expectSame } from './expect-contract.js';
import { HOSTILE_BODIES, spoilEachPart } from './hostile-values.js';
import type { SourceBench } from './source-bench.js';
import type { RequestSample, SampleRequest, SourceCheck } from './source-samples.js';

const HOUR_MS = 3_600_000;
/** A request that takes longer to be read lets all others wait. */
const MOST_MS = 2_000;
const REFUSALS = ['MESH_NOTIFICATION_INVALID', 'MESH_MEDIA_TYPE_UNSUPPORTED'];

export function listSplitChecks(bench: SourceBench): SourceCheck[] {
  if (!bench.source.split) return [];
  const { requests = [] } = bench.samples;
  return [
    { name: 'split: has samples', run: async () => check(requests.length > 0, 'samples.requests is empty') },
    ...requests.map((sample) => ({ name: `split: reads ${sample.name}`, run: () => expectDrafts(bench, sample) })),
    { name: 'split: says the same of the same request, also later', run: () => expectStable(bench, requests) },
    { name: 'split: never gives one dedupeKey to two statements', run: () => expectDistinct(bench, requests) },
    { name: 'split: refuses hostile bodies with MESH_NOTIFICATION_INVALID', run: () => sendHostile(bench, requests) },
    { name: 'split: refuses, or reads, samples with one wrong part', run: () => sendSpoilt(bench, requests) },
  ];
}

async function expectDrafts(bench: SourceBench, { name, request, notifications }: RequestSample): Promise<void> {
  const drafts = await split(bench, request);
  check(
    drafts.length === notifications.length,
    `${name} gives ${drafts.length} notifications, not ${notifications.length}`,
  );
  for (const [index, draft] of drafts.entries()) {
    expectDraft(draft, `draft ${index}`, bench.toNotification);
    expectPart(draft, notifications[index]?.draft ?? {}, `draft ${index}`);
  }
}

async function expectStable(bench: SourceBench, samples: readonly RequestSample[]): Promise<void> {
  for (const { name, request } of samples) {
    const later = await split(bench, request, bench.samples.nowMs + HOUR_MS);
    expectSame(later, await split(bench, request), `${name}, read again:`);
  }
}

async function expectDistinct(bench: SourceBench, samples: readonly RequestSample[]): Promise<void> {
  const known = new Map<string, string>();
  for (const { name, request } of samples) {
    for (const { dedupeKey, entity, id, change, modifiedAt } of await split(bench, request)) {
      const statement = describe([entity, id, change, modifiedAt]);
      const before = known.get(dedupeKey) ?? statement;
      check(before === statement, `${name}: ${statement} has the dedupeKey of ${before}: one of the two would be lost`);
      known.set(dedupeKey, statement);
    }
  }
}

async function sendHostile(bench: SourceBench, samples: readonly RequestSample[]): Promise<void> {
  const [first] = samples;
  for (const [what, body] of Object.entries(HOSTILE_BODIES)) {
    await expectRefusedOrRead(bench, { ...first?.request, body }, what);
  }
  for (const { name, request } of samples) {
    const bytes = Buffer.from(request.body);
    const half = bytes.subarray(0, Math.floor(bytes.length / 2));
    await expectRefusedOrRead(bench, { ...request, body: half }, `half of ${name}`);
  }
  check(!('polluted' in {}), 'a body has changed the prototype of all objects');
}

/** Samples of other formats than JSON are left alone: halves of them are sent above. */
async function sendSpoilt(bench: SourceBench, samples: readonly RequestSample[]): Promise<void> {
  const context = await openOffline(bench);
  for (const { name, request } of samples) {
    const body = readJson(request.body);
    if (body === undefined) continue;
    for (const { what, spoilt } of spoilEachPart(body)) {
      if (spoilt === undefined) continue;
      await expectRefusedOrRead(bench, { ...request, body: JSON.stringify(spoilt) }, `${name}, ${what}`, context);
    }
  }
}

async function expectRefusedOrRead(
  bench: SourceBench,
  request: SampleRequest,
  what: string,
  given?: SourceContext,
): Promise<void> {
  const context = given ?? (await openOffline(bench));
  const startedAtMs = performance.now();
  try {
    const drafts = bench.source.split!(bench.toRequest(request), context);
    check(Array.isArray(drafts), `${what}: split gives no list`);
    for (const [index, draft] of drafts.entries()) expectDraft(draft, `${what}: draft ${index}`, bench.toNotification);
  } catch (error) {
    if (!isRefusal(error)) throw new Error(`${what}: ${String(error)}`, { cause: error });
  }
  const durationMs = performance.now() - startedAtMs;
  check(durationMs < MOST_MS, `${what}: took ${Math.round(durationMs)} ms to be read`);
}

/** Ids that make no subject are the publisher's to refuse. */
function isRefusal(error: unknown): boolean {
  return error instanceof MeshError && (REFUSALS.includes(error.code) || error.code.startsWith('MESH_ID_'));
}

async function split(bench: SourceBench, request: SampleRequest, nowMs?: number): Promise<NotificationDraft[]> {
  return bench.source.split!(bench.toRequest(request), await openOffline(bench, nowMs));
}

function openOffline(bench: SourceBench, nowMs?: number): Promise<SourceContext> {
  return bench.openContext({ nowMs, api: OFFLINE });
}

const OFFLINE: ApiClient = {
  request: ({ path }) => {
    throw new Error(`split asks the API for ${path}: a webhook must be stored before anything is asked`);
  },
};

function readJson(body: string | Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString()) as unknown;
  } catch {
    return undefined;
  }
}
