import { Unavailable, type SourceContext } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';
import type { SalesforceConfig } from './config.js';
import { dataPath } from './data-path.js';

/** A record as the REST API gives it, by the names of its fields. */
export type Row = Readonly<Record<string, unknown>>;

/** How many ids go into one `IN (…)`: the whole query is part of a URL. */
export const IDS_A_QUERY = 200;

interface QueryAnswer {
  records: Row[];
  totalSize: number;
}

/**
 * All rows of a query, over as many pages as Salesforce makes of it (wide rows come fewer at a time).
 * `queryAll` sees the recycle bin too.
 */
export async function query(
  soql: string,
  { api, config }: SourceContext<SalesforceConfig>,
  resource: 'query' | 'queryAll' = 'query',
): Promise<QueryAnswer> {
  let answer = await api.request({ path: dataPath(config, `/${resource}`), query: { q: soql } });
  const records: Row[] = [];
  for (;;) {
    const page = readPage(answer.body);
    records.push(...page.records);
    if (page.next === undefined) return { records, totalSize: page.totalSize };
    answer = await api.request({ path: page.next });
  }
}

function readPage(body: unknown): QueryAnswer & { next: string | undefined } {
  if (!isObject(body) || !Array.isArray(body.records))
    throw new Unavailable('Salesforce answered a query with something that holds no records.');
  const next = body.done === false ? body.nextRecordsUrl : undefined;
  return {
    records: (body.records as unknown[]).filter(isObject),
    totalSize: Number(body.totalSize),
    next: typeof next === 'string' ? next : undefined,
  };
}

/** Ids that went through `toId18` hold nothing that could end the text. */
export function quoteIds(ids: readonly string[]): string {
  return `('${ids.join("','")}')`;
}

/** In parts that fit into one request. */
export function chunk<T>(list: readonly T[], size: number = IDS_A_QUERY): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}
