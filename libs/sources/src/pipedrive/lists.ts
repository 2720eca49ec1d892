import { PermanentError, type FetchedRecords, type SourceContext } from '@crm-mesh/sdk';
import { isObject, readId } from '@crm-mesh/sdk/kit';
import type { PipedriveConfig } from './config.js';
import { factsOf, type EntityFacts, type List } from './entities.js';

type Context = SourceContext<PipedriveConfig>;
/** A record as version 1 or 2 of the API, or a webhook, has it. */
export type Row = Readonly<Record<string, unknown>>;
export type Query = Readonly<Record<string, string | number | undefined>>;

/** What the lists of version 2 take of `ids`, and `deal_ids`. */
const MOST_IDS = 100;
/** The longest page of both versions. */
export const PAGE = 500;

export function requireFacts(entity: string): EntityFacts {
  const facts = factsOf(entity);
  if (facts) return facts;
  throw new PermanentError(`Pipedrive’s API is not asked for ${entity}: it is told by webhooks alone.`);
}

/** One page of a list; `next` is where the following one begins. */
export async function readPage(list: List, query: Query, context: Context): Promise<{ rows: Row[]; next?: string }> {
  const { body } = await context.api.request({ path: list.path, query: { ...list.query, ...query } });
  const { data, additional_data: more } = isObject(body) ? body : {};
  const rows = (Array.isArray(data) ? (data as unknown[]) : []).filter(isObject);
  const next = isObject(more) ? readNext(more) : undefined;
  return { rows, ...(next !== undefined && { next }) };
}

function readNext({ next_cursor: cursor, pagination }: Row): string | undefined {
  if (!isObject(pagination)) return readId(cursor);
  return pagination.more_items_in_collection === true ? readId(pagination.next_start) : undefined;
}

/** All pages of what is short: products of deals, fields, stages. */
export async function readAll(path: string, query: Query, context: Context): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | undefined;
  do {
    const page = await readPage({ path }, { limit: PAGE, ...query, cursor }, context);
    rows.push(...page.rows);
    cursor = page.next;
  } while (cursor !== undefined);
  return rows;
}

/** Archived records stand in lists of their own: what one lacks is looked for in the next. */
export async function fetchPipedrive(
  entity: string,
  ids: readonly string[],
  context: Context,
): Promise<FetchedRecords> {
  const { lists, version } = requireFacts(entity);
  if (version === 1) return fetchEach(lists[0].path, ids, context);
  const found = new Map<string, Row>();
  for (const list of lists.filter(({ gone }) => !gone)) {
    const missing = ids.filter((id) => /^\d+$/.test(id) && !found.has(id));
    if (missing.length === 0) break;
    const { rows } = await readPage(list, { ids: missing.join(','), limit: MOST_IDS }, context);
    for (const row of await addLines(entity, rows, context)) found.set(String(row.id), row);
  }
  return found;
}

async function fetchEach(path: string, ids: readonly string[], context: Context): Promise<FetchedRecords> {
  const read = async (id: string): Promise<[string, unknown][]> => {
    const { status, body } = await context.api.request({ path: `${path}/${encodeURIComponent(id)}`, accept: [404] });
    return status === 404 || !isObject(body) || !isObject(body.data) ? [] : [[id, body.data]];
  };
  return new Map((await Promise.all(ids.map(read))).flat());
}

/** Deals with their products, where the connection reads them. */
export async function addLines(entity: string, rows: readonly Row[], context: Context): Promise<readonly Row[]> {
  if (entity !== 'deal' || !context.config.lineItems) return rows;
  const lines = new Map<string, Row[]>();
  for (let start = 0; start < rows.length; start += MOST_IDS) {
    const ids = rows.slice(start, start + MOST_IDS).map(({ id }) => String(id));
    for (const line of await readAll('/api/v2/deals/products', { deal_ids: ids.join(',') }, context)) {
      const dealId = String(line.deal_id);
      lines.set(dealId, [...(lines.get(dealId) ?? []), line]);
    }
  }
  return rows.map((row) => ({ ...row, products: lines.get(String(row.id)) ?? [] }));
}
