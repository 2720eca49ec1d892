import type { PipedriveConfig } from './config.js';

/** Pipedrive's fields → ours. Only what webhooks and the API both tell: else the two would tell different records. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  contact: { name: 'name', first_name: 'firstName', last_name: 'lastName', org_id: 'companyId' },
  company: { name: 'name' },
  deal: {
    title: 'name',
    stage_id: 'stage',
    pipeline_id: 'pipeline',
    lost_reason: 'lostReason',
    org_id: 'companyId',
  },
  lead: { title: 'name', organization_id: 'companyId' },
  product: { name: 'name', code: 'sku', description: 'description', is_linkable: 'active' },
  activity: {
    subject: 'name',
    type: 'kindName',
    note: 'description',
    done: 'done',
    priority: 'priority',
    deal_id: 'dealId',
    lead_id: 'leadId',
    org_id: 'companyId',
  },
};

/** What webhooks do not tell: only where all records are read from the API. */
const API_FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  contact: { job_title: 'jobTitle' },
  company: {
    website: 'website',
    industry: 'industry',
    annual_revenue: 'annualRevenue',
    employee_count: 'employeeCount',
  },
};

/** Told as `custom`, as Pipedrive has them. */
const CUSTOM: Readonly<Record<string, readonly string[]>> = {
  contact: ['label_ids', 'visible_to'],
  company: ['label_ids', 'visible_to'],
  deal: [
    'label_ids',
    'visible_to',
    'origin',
    'origin_id',
    'channel',
    'channel_id',
    'stage_change_time',
    'won_time',
    'lost_time',
  ],
  lead: ['label_ids', 'visible_to', 'is_archived', 'expected_close_date'],
  product: ['visible_to', 'unit', 'tax'],
  activity: ['project_id', 'public_description'],
};

/** Read one by one. */
const READ_APART: Readonly<Record<string, readonly string[]>> = {
  contact: ['emails', 'phones', 'postal_address'],
  company: ['address'],
  deal: ['value', 'currency', 'status', 'probability', 'expected_close_date', 'close_time', 'person_id', 'products'],
  lead: ['value', 'person_id'],
  product: ['prices'],
  activity: ['due_date', 'due_time', 'duration', 'person_id', 'participants'],
};

const ALWAYS = ['id', 'owner_id', 'add_time', 'update_time', 'is_deleted', 'custom_fields'];

export function fieldsOf(entity: string, { readRecords }: PipedriveConfig): Readonly<Record<string, string>> {
  return { ...FIELDS[entity], ...(readRecords && API_FIELDS[entity]) };
}

export function customOf(entity: string): readonly string[] {
  return CUSTOM[entity] ?? [];
}

/** Of custom fields those that the configuration names: the others only pass through. */
export function listRead(entity: string, config: PipedriveConfig): readonly string[] {
  const own = [...Object.keys(fieldsOf(entity, config)), ...customOf(entity), ...(READ_APART[entity] ?? [])];
  return [...new Set([...ALWAYS, ...own, ...Object.keys(config.customFields[entity] ?? {})])];
}
