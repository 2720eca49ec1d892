import type { ScanPage, ScanRequest, SourceContext, SourceScan } from '@crm-mesh/sdk';
import type { SalesforceConfig } from './config.js';
import { joinLines } from './fetch-records.js';
import { toId18 } from './ids.js';
import { findWinners } from './merges.js';
import { withFields } from './metadata.js';
import { configuredObjectsOf, listEntities } from './objects.js';
import { query, type Row } from './query.js';
import { draftRow } from './row-draft.js';

type Context = SourceContext<SalesforceConfig>;

const PAGE_SIZE = 2_000;

/** All records in the order of their ids, which never change. */
export const scanSalesforce: SourceScan<SalesforceConfig> = {
  entities: listEntities,
  page: scanPage,
  // Entities of several objects are none that Salesforce merges.
  findWinners: async (entity, ids, context) => {
    const [object = ''] = configuredObjectsOf(entity, context.config);
    return findWinners(
      object,
      ids.filter((id) => toId18(id) === id),
      context,
    );
  },
};

/** `cursor` is the object and the last id of it that was told: `Task/00T…`; without an id the object begins. */
async function scanPage({ entity, cursor, fields }: ScanRequest, context: Context): Promise<ScanPage> {
  const objects = configuredObjectsOf(entity, context.config);
  const [object = objects[0], after = ''] = cursor?.split('/') ?? [];
  if (object === undefined) return { drafts: [] };
  const records = await readRows(object, { after, fields, context });
  const rows = fields === 'records' ? await joinLines(object, records, context) : records;
  const last = records.length < PAGE_SIZE ? undefined : toId18(records.at(-1)!.Id);
  const next = last === undefined ? objects[objects.indexOf(object) + 1] : object;
  return {
    drafts: rows.map((row) => draftRow(object, row, fields === 'records')),
    ...(next !== undefined && { cursor: `${next}/${last ?? ''}` }),
    ...(cursor === undefined && { total: await count(objects, context) }),
  };
}

async function readRows(
  object: string,
  { after, fields, context }: { after: string; fields: ScanRequest['fields']; context: Context },
): Promise<readonly Row[]> {
  const rest = ` ${after === '' ? '' : `WHERE Id > '${after}' `}ORDER BY Id LIMIT ${PAGE_SIZE}`;
  const ask = async (names: readonly string[]): Promise<Row[]> =>
    (await query(`SELECT ${names.join(', ')} FROM ${object}${rest}`, context)).records;
  return fields === 'versions' ? ask(['Id', 'SystemModstamp']) : withFields(object, context, ask);
}

async function count(objects: readonly string[], context: Context): Promise<number> {
  const counts = objects.map(async (object) => (await query(`SELECT count() FROM ${object}`, context)).totalSize);
  return (await Promise.all(counts)).reduce((sum, one) => sum + one, 0);
}
