import { Unavailable, type FetchedRecords, type SourceContext } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';
import type { SalesforceConfig } from './config.js';
import { dataPath } from './data-path.js';
import { toId18 } from './ids.js';
import { withFields } from './metadata.js';
import { objectOf } from './objects.js';
import { chunk, query, quoteIds, type Row } from './query.js';

type Context = SourceContext<SalesforceConfig>;

/** As many as Salesforce changes at once, and few enough that the line items of all can be asked for in one URL. */
export const FETCH_BATCH_SIZE = 200;

const LINE_FIELDS = 'Id, OpportunityId, Product2Id, ProductCode, Name, Quantity, UnitPrice, TotalPrice';

/** Reads up to 200 records in one request, and the line items of opportunities in a second one. */
export async function fetchSalesforce(
  entity: string,
  ids: readonly string[],
  context: Context,
): Promise<FetchedRecords> {
  const byObject = groupBy(ids, (id) => objectOf(entity, id, context.config));
  const read = [...byObject].map(([object, own]) => readObjects(object, own, context));
  return new Map((await Promise.all(read)).flat());
}

async function readObjects(object: string, ids: readonly string[], context: Context): Promise<[string, Row][]> {
  const path = dataPath(context.config, `/composite/sobjects/${encodeURIComponent(object)}`);
  // What is no id was never a record.
  const asked = ids.filter((id) => toId18(id) !== undefined);
  if (asked.length === 0) return [];
  const { body } = await withFields(object, context, (fields) =>
    context.api.request({ method: 'POST', path, json: { ids: asked, fields } }),
  );
  if (!Array.isArray(body) || body.length !== asked.length)
    throw new Unavailable(`Salesforce answered for ${object} with a list of another length than was asked for.`);
  // In the order of the ids; null where a record does not exist, or is not shown to this user.
  const found = (body as unknown[]).flatMap((row, index) => (isObject(row) ? [{ id: asked[index]!, row }] : []));
  const rows = await joinLines(
    object,
    found.map(({ row }) => row),
    context,
  );
  return found.map(({ id }, index) => [id, rows[index]!]);
}

/** Rows of opportunities with their line items, as the rows of a poll have them too. */
export async function joinLines(object: string, rows: readonly Row[], context: Context): Promise<readonly Row[]> {
  if (object !== 'Opportunity' || !context.config.lineItems || rows.length === 0) return rows;
  const lines: Row[] = [];
  for (const ids of chunk(rows.flatMap(({ Id }) => toId18(Id) ?? []))) {
    const where = `OpportunityId IN ${quoteIds(ids)}`;
    lines.push(
      ...(await query(`SELECT ${LINE_FIELDS} FROM OpportunityLineItem WHERE ${where} ORDER BY Id`, context)).records,
    );
  }
  const byDeal = groupBy(lines, ({ OpportunityId }) => toId18(OpportunityId));
  return rows.map((row) => ({ ...row, OpportunityLineItems: byDeal.get(toId18(row.Id)) ?? [] }));
}

function groupBy<T, K>(list: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of list) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
