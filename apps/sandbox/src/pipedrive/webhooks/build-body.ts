import type { Statement } from './statements.js';

export interface BodyOptions {
  companyId: number;
  /** Who registered the webhooks. */
  userId: number;
  /** By how much the CRM's clock is wrong. */
  skewMs(): number;
}

interface Addressed {
  statement: Statement;
  ids: { id: string; correlationId: string };
  attempt: number;
  webhookId: number;
}

/** A webhook of version 2. */
export function buildBody({ statement, ids, attempt, webhookId }: Addressed, options: BodyOptions): string {
  const { action, entity, id, data, previous, mergedTo, mergedFrom, actor, atMs } = statement;
  const meta = {
    action,
    company_id: String(options.companyId),
    correlation_id: ids.correlationId,
    entity_id: id,
    entity,
    id: ids.id,
    is_bulk_edit: false,
    timestamp: new Date(atMs + options.skewMs()).toISOString(),
    type: 'general',
    user_id: String(actor.userId ?? options.userId),
    version: '2.0',
    webhook_id: String(webhookId),
    webhook_owner_id: String(options.userId),
    change_source: actor.changeSource === 'INTEGRATION' ? 'api' : 'app',
    permitted_user_ids: [String(options.userId)],
    attempt,
    host: 'sandbox.pipedrive.example',
    ...(mergedTo !== undefined && { merged_to_id: mergedTo }),
    ...(mergedFrom !== undefined && { merged_from_id: mergedFrom }),
  };
  return JSON.stringify({ data, previous, meta });
}
