import { Unavailable, type ApiAnswer, type ApiRequest, type SourceContext } from '@crm-mesh/sdk';
import { isObject, readId } from '@crm-mesh/sdk/kit';
import { hash } from 'node:crypto';
import { readPath } from '../mapping/read-path.js';
import type { JsonPollerConfig, PolledEntity } from './config.js';

type Query = NonNullable<ApiRequest['query']>;

/** One page's rows, and where the next begins. */
export interface RowPage {
  rows: Record<string, unknown>[];
  cursor?: string;
}

/** Where we are. It is kept in the store, as text. */
interface Place {
  /** What the answer gave, or the number of the page or row. */
  at: string | number;
  /** Of the rows that the page before held. */
  seen: string;
}

/** Asks for the page at the cursor. An API that gives the same page again is told of, and not asked for ever. */
export async function readPage(
  { polled, query, cursor }: { polled: PolledEntity; query: Query; cursor: string | undefined },
  context: SourceContext<JsonPollerConfig>,
): Promise<RowPage> {
  const place = cursor === undefined ? undefined : (JSON.parse(cursor) as Place);
  const request = buildRequest(polled, query, place?.at);
  const answer = await context.api.request(request);
  const rows = readRows(answer, polled, context);
  const seen = hash('sha256', JSON.stringify(rows), 'base64url');
  const at = findNext(answer, { polled, rows, at: place?.at }, context);
  if (at === undefined) return { rows };
  if (place && (place.seen === seen || place.at === at))
    throw new Unavailable(
      `${titleOf(context)} gives the same page of ${polled.path} twice. Is \`paging\` of this entity right?`,
    );
  return { rows, cursor: JSON.stringify({ at, seen } satisfies Place) };
}

function buildRequest({ path, paging }: PolledEntity, query: Query, at: Place['at'] | undefined): ApiRequest {
  if (paging?.by === 'link' && at !== undefined) return { path: String(at) };
  const start = paging?.by === 'page' ? paging.first : undefined;
  const value = at ?? start;
  return { path, query: value === undefined ? query : { ...query, [paging!.parameter!]: value } };
}

function findNext(
  { body }: ApiAnswer,
  { polled, rows, at }: { polled: PolledEntity; rows: readonly unknown[]; at: Place['at'] | undefined },
  { config }: SourceContext<JsonPollerConfig>,
): Place['at'] | undefined {
  const { paging } = polled;
  if (paging?.by === 'page') return rows.length === 0 ? undefined : Number(at ?? paging.first) + 1;
  if (paging?.by === 'offset') return rows.length === 0 ? undefined : Number(at ?? 0) + rows.length;
  const next = paging && readId(readPath(body, paging.path!));
  if (next === undefined || paging?.by === 'cursor') return next;
  // A link may leave out the address.
  return new URL(next, config.url.replace(/\/+$/, '') + polled.path).href;
}

function readRows(
  { body }: ApiAnswer,
  { rows: path, path: route }: PolledEntity,
  context: SourceContext<JsonPollerConfig>,
): Record<string, unknown>[] {
  const rows = readPath(body, path);
  if (Array.isArray(rows) && rows.every((row) => isObject(row))) return rows;
  throw new Unavailable(
    `${titleOf(context)} answers ${route} without a list of objects at \`${path}\`. Is \`rows\` of this entity right?`,
  );
}

const titleOf = ({ config }: SourceContext<JsonPollerConfig>): string => new URL(config.url).host;
