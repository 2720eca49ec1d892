import type { PropertyInput } from '../../crm/check-properties.js';
import type { CrmObject } from '../../crm/crm-object.js';
import type { ObjectType } from '../../crm/object-types.js';
import { refuse } from '../pipedrive-error.js';
import { fromUserId } from './ids.js';
import { findClosedStage, OPEN_STAGES, PIPELINES, readDealState } from './stages.js';

export type Json = Readonly<Record<string, unknown>>;

/** Fields that are one property of the core. */
const PROPERTIES: Readonly<Partial<Record<ObjectType, Readonly<Record<string, string>>>>> = {
  contacts: { first_name: 'firstname', last_name: 'lastname', job_title: 'jobtitle' },
  companies: { name: 'name', website: 'domain' },
  deals: {
    title: 'dealname',
    value: 'amount',
    currency: 'deal_currency_code',
    lost_reason: 'closed_lost_reason',
    expected_close_date: 'closedate',
    is_archived: 'is_archived',
  },
  products: { name: 'name', code: 'hs_sku', description: 'description' },
  leads: { title: 'hs_lead_name', is_archived: 'is_archived' },
};

/** What a body sets, as the core's properties. `object`: what is changed. */
export function readProperties(type: ObjectType, body: Json, object?: CrmObject): PropertyInput {
  const input: Record<string, unknown> = {};
  for (const [field, property] of Object.entries(PROPERTIES[type] ?? {})) {
    if (body[field] !== undefined) input[property] = body[field];
  }
  if (body['owner_id'] !== undefined) input['hubspot_owner_id'] = readOwner(body['owner_id']);
  if (type === 'contacts') Object.assign(input, readPerson(body));
  if (type === 'deals') Object.assign(input, readStage(body, object));
  if (type === 'products' && Array.isArray(body['prices'])) input['price'] = (body['prices'] as Json[])[0]?.['price'];
  if (type === 'leads' && body['value']) input['amount'] = (body['value'] as Json)['amount'];
  for (const [key, value] of Object.entries((body['custom_fields'] as Json | undefined) ?? {})) {
    input[key] = value === null ? '' : JSON.stringify(value);
  }
  return input;
}

function readOwner(userId: unknown): string {
  const id = fromUserId(userId);
  if (id === undefined) throw refuse('owner_id is no user of the company');
  return id;
}

function readPerson(body: Json): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  const { name, emails, phones } = body;
  if (typeof name === 'string' && body['first_name'] === undefined) {
    const [first = '', ...rest] = name.split(' ');
    Object.assign(input, { firstname: first, lastname: rest.join(' ') });
  }
  if (Array.isArray(emails)) {
    const [primary, ...others] = (emails as Json[]).map(({ value }) => String(value));
    Object.assign(input, { email: primary ?? '', hs_additional_emails: others.join(';') });
  }
  if (Array.isArray(phones)) input['phone'] = (phones as Json[])[0]?.['value'] ?? '';
  return input;
}

/** A status is one of the core's closed stages; who reopens a deal finds it in its last open one. */
function readStage({ status, stage_id: stageId, pipeline_id: pipelineId }: Json, object?: CrmObject): PropertyInput {
  const present = object && readDealState(object);
  const wanted = OPEN_STAGES.find((stage) =>
    stageId === undefined ? stage.pipelineId === pipelineId : stage.id === Number(stageId),
  );
  if (stageId !== undefined && !wanted) throw refuse('stage_id is no stage of the company');
  const stage = wanted ?? present?.stage ?? OPEN_STAGES[0]!;
  const pipeline = PIPELINES.find(({ id }) => id === stage.pipelineId)?.core ?? 'default';
  const kept = status ?? (object ? present?.status : 'open');
  if (!['open', 'won', 'lost'].includes(String(kept))) throw refuse('status must be open, won or lost');
  if (object && !wanted && status === undefined) return {};
  const closed = kept === 'won' || kept === 'lost' ? findClosedStage(pipeline, kept) : undefined;
  return { pipeline, dealstage: closed ?? stage.core.stage };
}
