import { isEntity } from '@crm-mesh/contract';
import { Unavailable } from '../../delivery-errors.js';
import type { ApiClient } from '../../source/api.js';
import type { SourceContext } from '../../source/context.js';
import type { NotificationDraft } from '../../source/record.js';
import { nameDraft } from './check-map.js';
import { check, expectDraft, expectJson, expectSame } from './expect-contract.js';
import type { SourceBench } from './source-bench.js';
import type { FetchSample, SourceCheck, WalkSample } from './source-samples.js';

/** A walk of more pages does not end. */
const MOST_PAGES = 10_000;

/** `fetch`, `poll` and `scan`: what asks the CRM. */
export function listReadChecks(bench: SourceBench): SourceCheck[] {
  const { source, samples } = bench;
  const { fetches = [], walks = [] } = samples;
  const usesApi = source.api !== undefined;
  return [
    ...(source.fetch ? listFetchChecks(bench, fetches, usesApi) : []),
    ...(['poll', 'scan'] as const).flatMap((part) => {
      if (!source[part]) return [];
      const own = walks.filter(({ of }) => of === part);
      return [
        { name: `${part}: names entities, and has samples`, run: () => expectEntities(bench, part, own) },
        ...own.map((walk) => listWalkCheck(bench, walk)),
        ...(usesApi ? own.slice(0, 1).map((walk) => listDownCheck(bench, walk)) : []),
      ];
    }),
  ];
}

function listFetchChecks(bench: SourceBench, samples: readonly FetchSample[], usesApi: boolean): SourceCheck[] {
  const has = {
    name: 'fetch: has samples',
    run: async () => check(samples.length > 0, 'samples.fetches is empty'),
  };
  const reads = samples.map((sample) => ({
    name: `fetch: reads ${sample.entity}, and leaves out what does not exist`,
    run: () => expectFetched(bench, sample),
  }));
  const down = samples.slice(0, 1).map((sample) => ({
    name: 'fetch: never takes an API that is down for records that are gone',
    run: async () => {
      const context = await bench.openContext({ api: DOWN });
      const fetched = await expectUnavailable(() => bench.source.fetch!(sample.entity, sample.ids, context));
      const unread = [...(fetched?.values() ?? [])].filter((value) => value instanceof Error);
      check(!fetched || unread.length === sample.ids.length, 'fetch says of records that they do not exist');
    },
  }));
  return [has, ...reads, ...(usesApi ? down : [])];
}

async function expectFetched(bench: SourceBench, { entity, ids, unknownIds }: FetchSample): Promise<void> {
  const fetched = await bench.source.fetch!(entity, [...ids, ...unknownIds], await bench.openContext());
  check(fetched instanceof Map, 'fetch gives no Map');
  for (const id of ids) {
    const value: unknown = fetched.get(id);
    check(value !== undefined && value !== null, `fetch does not find ${entity} ${id}`);
    check(!(value instanceof Error), `fetch could not read ${entity} ${id}: ${String(value)}`);
    expectJson(value, `${entity} ${id}`);
  }
  for (const id of unknownIds)
    check(fetched.get(id) === undefined, `fetch finds ${entity} ${id}, which does not exist`);
}

async function expectEntities(bench: SourceBench, part: 'poll' | 'scan', walks: readonly WalkSample[]): Promise<void> {
  const { config } = await bench.openContext();
  const entities = bench.source[part]!.entities(config);
  for (const entity of entities) {
    check(isEntity(entity), `${part}.entities names "${entity}", which is no entity`);
    check(
      walks.some((walk) => walk.entity === entity),
      `samples.walks has none for ${part} of ${entity}`,
    );
  }
}

function listWalkCheck(bench: SourceBench, walk: WalkSample): SourceCheck {
  return {
    name: `${walk.of}: finds every ${walk.entity}, whatever the page's size, and goes on after a restart`,
    run: async () => {
      for (const size of walk.pageSizes ?? [undefined]) {
        if (size !== undefined) walk.usePageSize?.(size);
        const where = size === undefined ? walk.of : `${walk.of} with pages of ${size}`;
        const drafts = await goThrough(bench, walk, where);
        expectIds(drafts, walk, where);
        const keys = (list: readonly NotificationDraft[]): string[] =>
          list.map(({ dedupeKey }) => dedupeKey).toSorted();
        expectSame(keys(await goThrough(bench, walk, where)), keys(drafts), `${where}: dedupeKeys of a second walk`);
      }
    },
  };
}

function listDownCheck(bench: SourceBench, walk: WalkSample): SourceCheck {
  return {
    name: `${walk.of}: never takes an API that is down for the end`,
    run: async () => {
      const context = await bench.openContext({ api: DOWN });
      const page = await expectUnavailable(() => askPage(bench, walk, context));
      check(page === undefined, `${walk.of} gives a page although nothing was answered`);
    },
  };
}

function expectIds(drafts: readonly NotificationDraft[], { ids, entity }: WalkSample, where: string): void {
  const found = new Set(drafts.map(({ id }) => id));
  const missing = ids.filter((id) => !found.has(id));
  check(missing.length === 0, `${where} misses ${entity} ${missing.slice(0, 5).join(', ')}`);
  const others = [...found].filter((id) => !ids.includes(id));
  check(others.length === 0, `${where} finds ${entity} ${others.slice(0, 5).join(', ')}, which is not to be found`);
}

/** Each page in a connection of its own, as after a restart: a cursor is all that is known. */
async function goThrough(bench: SourceBench, walk: WalkSample, where: string): Promise<NotificationDraft[]> {
  const drafts: NotificationDraft[] = [];
  const seen = new Set<string>();
  let cursor: string | undefined;
  do {
    const page = await askPage(bench, walk, await bench.openContext(), cursor);
    for (const draft of page.drafts) {
      expectDraft(draft, `${where}: ${nameDraft(draft)}`, bench.toNotification);
      check(draft.entity === walk.entity, `${where} of ${walk.entity} gives a ${draft.entity}`);
      drafts.push(draft);
    }
    cursor = page.cursor;
    check(cursor === undefined || typeof cursor === 'string', `${where}: its cursor is no text`);
    check(cursor === undefined || !seen.has(cursor), `${where}: a cursor comes again, so the walk does not end`);
    check(seen.size < MOST_PAGES, `${where}: does not end within ${MOST_PAGES} pages`);
    if (cursor !== undefined) seen.add(cursor);
  } while (cursor !== undefined);
  return drafts;
}

function askPage(bench: SourceBench, walk: WalkSample, context: SourceContext, cursor?: string) {
  const { entity, fromMs = 0, toMs = bench.samples.nowMs, fields = 'records' } = walk;
  const place = cursor === undefined ? {} : { cursor };
  return walk.of === 'poll'
    ? bench.source.poll!.page({ entity, fromMs, toMs, ...place }, context)
    : bench.source.scan!.page({ entity, fields, ...place }, context);
}

/** Undefined when it throws as it should. */
export async function expectUnavailable<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    const name = error instanceof Error ? error.name : typeof error;
    check(['Unavailable', 'RetryLater'].includes(name), `it throws ${String(error)} instead of Unavailable`);
    return undefined;
  }
}

export const DOWN: ApiClient = { request: () => Promise.reject(new Unavailable('the API is down')) };
