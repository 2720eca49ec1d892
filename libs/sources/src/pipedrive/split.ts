import type { NotificationDraft, SourceContext, WebhookRequest } from '@crm-mesh/sdk';
import { isObject, parseJsonBody, readId, refuseNotification, toIsoTime } from '@crm-mesh/sdk/kit';
import type { PipedriveConfig } from './config.js';
import { entityOfName } from './entities.js';

type Json = Readonly<Record<string, unknown>>;

/** One webhook tells of one record. What the integration wrote itself is left out. */
export function splitPipedrive(request: WebhookRequest, context: SourceContext<PipedriveConfig>): NotificationDraft[] {
  const body = parseJsonBody(request.body);
  const meta = isObject(body) ? body.meta : undefined;
  if (!isObject(body) || !isObject(meta))
    throw refuseNotification('the body has no `meta`: it is no webhook of Pipedrive.');
  checkVersion(meta);
  checkCompany(meta, context.config);
  return isOwnWrite(meta, context.config) ? [] : [readDraft(meta, body, context.config)];
}

function checkVersion(meta: Json): void {
  if (String(meta.version).startsWith('2')) return;
  const version = readId(meta.version ?? meta.v)?.slice(0, 10) ?? 'unknown';
  throw refuseNotification(
    `the webhook is of version ${version}, and only version 2.0 is read: register it anew with \`"version": "2.0"\`.`,
  );
}

function checkCompany(meta: Json, { companyId }: PipedriveConfig): void {
  const found = readId(meta.company_id);
  if (companyId === undefined || found === companyId) return;
  throw refuseNotification(
    `the webhook is of the company ${found?.slice(0, 20) ?? '(none)'}, but this connection stands for the company ${companyId}; give every company a connection of its own.`,
  );
}

function isOwnWrite(meta: Json, { userId }: PipedriveConfig): boolean {
  return userId !== undefined && meta.change_source === 'api' && readId(meta.user_id) === userId;
}

function readDraft(meta: Json, body: Json, config: PipedriveConfig): NotificationDraft {
  const entity = entityOfName(meta.entity);
  const id = readId(meta.entity_id);
  const statement = readId(meta.id);
  if (entity === undefined || id === undefined) throw refuseNotification('`meta` names no entity and no id of it.');
  if (statement === undefined) throw refuseNotification('`meta` has no id.');
  const modifiedAt = toIsoTime(meta.timestamp);
  return {
    entity,
    // Of users, `meta.id` is the user's id, and the same each time.
    dedupeKey: meta.entity === 'user' ? `user/${statement}/${String(meta.timestamp)}` : statement,
    ...(modifiedAt !== undefined && { modifiedAt }),
    ...readChange({ meta, id, data: dataOf(body) }, mustRead(entity, config)),
    payload: body,
  };
}

/** Webhooks of users may hold a list of one. */
function dataOf({ data }: Json): unknown {
  return Array.isArray(data) ? (data as unknown[])[0] : data;
}

/** Whether a webhook is a sign only, and the record is read from the API. */
function mustRead(entity: string, { lineItems, readRecords }: PipedriveConfig): boolean {
  return (readRecords && !entity.startsWith('custom-')) || (lineItems && entity === 'deal');
}

type Said = Pick<NotificationDraft, 'id' | 'change' | 'mergedIds' | 'fetched'>;

/** A merge comes as a `delete` of the loser and a `change` of the winner: both are told of the winner, as what they are. */
function readChange({ meta, id, data }: { meta: Json; id: string; data: unknown }, reads: boolean): Said {
  const [winner, loser] = [readId(meta.merged_to_id), readId(meta.merged_from_id)];
  if (meta.action === 'delete') {
    if (winner !== undefined) return { id: winner, change: 'merged', mergedIds: [id] };
    return { id, change: 'deleted', fetched: { id, is_deleted: true } };
  }
  if (meta.action !== 'create' && meta.action !== 'change')
    throw refuseNotification('`meta.action` is none of create, change and delete.');
  if (!isObject(data)) throw refuseNotification('`data` holds no record.');
  const carried = reads ? {} : { fetched: data };
  if (loser !== undefined) return { id, change: 'merged', mergedIds: [loser], ...carried };
  return { id, change: meta.action === 'create' ? 'created' : 'updated', ...carried };
}
