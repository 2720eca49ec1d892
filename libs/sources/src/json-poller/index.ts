import {
  defineSource,
  Unavailable,
  type ApiDescription,
  type NotificationDraft,
  type PollPage,
  type PollRequest,
  type ScanPage,
  type ScanRequest,
  type SourceContext,
} from '@crm-mesh/sdk';
import { readId } from '@crm-mesh/sdk/kit';
import { hash } from 'node:crypto';
import { toApiAuth } from '../kit/api/auth-config.js';
import { findModifiedAt } from '../mapping/map-document.js';
import { readPath } from '../mapping/read-path.js';
import { listRead, mapNotification } from '../mapping/split-documents.js';
import { JsonPollerConfig, type PolledEntity } from './config.js';
import { fillWindow, leaveWindowOut } from './fill-window.js';
import { readPage, type RowPage } from './read-page.js';

type Context = SourceContext<JsonPollerConfig>;

const listEntities = ({ entities }: JsonPollerConfig): string[] => [...entities.keys()];

/** Any JSON API that says what changed since when; its rows carry the records. */
export const jsonPollerSource = defineSource<JsonPollerConfig>({
  name: 'json-poller',
  config: JsonPollerConfig,
  api: describeApi,
  poll: { entities: listEntities, page: pollPage },
  scan: { entities: listEntities, page: scanPage },
  map: mapNotification,
  reads: listRead,
});

function describeApi({ url, auth, rateLimit, timeoutMs, headers }: JsonPollerConfig): ApiDescription {
  return { title: new URL(url).host, baseUrl: url, auth: toApiAuth(auth), limits: rateLimit, timeoutMs, headers };
}

async function pollPage({ entity, fromMs, toMs, cursor }: PollRequest, context: Context): Promise<PollPage> {
  const polled = context.config.entities.get(entity)!;
  const query = fillWindow(polled.query, { fromMs, toMs });
  return toPage(await readPage({ polled, query, cursor }, context), entity, context);
}

async function scanPage({ entity, cursor }: ScanRequest, context: Context): Promise<ScanPage> {
  const polled = context.config.entities.get(entity)!;
  const query = polled.scanQuery ?? leaveWindowOut(polled.query);
  return toPage(await readPage({ polled, query, cursor }, context), entity, context);
}

function toPage({ rows, cursor }: RowPage, entity: string, context: Context): PollPage {
  const polled = context.config.entities.get(entity)!;
  const drafts = rows.flatMap((row) => draftRow(row, entity, polled) ?? []);
  const lost = rows.length - drafts.length;
  if (lost > 0 && drafts.length === 0)
    throw new Unavailable(`No row of ${polled.path} has an id at \`${polled.id}\`. Is \`id\` of this entity right?`);
  if (lost > 0) context.log.warn({ entity, rows: lost }, 'rows without an id were left out');
  return { drafts, ...(cursor !== undefined && { cursor }) };
}

function draftRow(row: Record<string, unknown>, entity: string, polled: PolledEntity): NotificationDraft | undefined {
  const id = readId(readPath(row, polled.id));
  if (id === undefined) return undefined;
  const modifiedAt = polled.modifiedAt === undefined ? undefined : findModifiedAt(row, polled.modifiedAt);
  const change = isDeleted(row, polled) ? 'deleted' : 'updated';
  return {
    ...{ entity, id, change },
    // A row that comes again with another page or window says the same thing.
    dedupeKey: `row ${entity} ${id} ${hash('sha256', JSON.stringify(row), 'base64url')}`,
    ...(modifiedAt !== undefined && { modifiedAt }),
    // As other sources without a CRM of their own carry their records.
    payload: { type: `${entity}.${change}`, data: row },
  };
}

function isDeleted(row: Record<string, unknown>, { deleted }: PolledEntity): boolean {
  const value = deleted === undefined ? undefined : readPath(row, deleted);
  return value !== undefined && value !== null && value !== false && value !== '' && value !== 0 && value !== 'false';
}
