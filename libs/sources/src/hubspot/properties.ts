import type { HubspotConfig } from './config.js';

/** HubSpot's property → canonical field. These are read for every record. */
const PROPERTIES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  contact: {
    email: 'email',
    firstname: 'firstName',
    lastname: 'lastName',
    phone: 'phone',
    mobilephone: 'mobilePhone',
    jobtitle: 'jobTitle',
    lifecyclestage: 'lifecycleStage',
    hs_lead_status: 'status',
    associatedcompanyid: 'companyId',
    address: 'address.street',
    city: 'address.city',
    zip: 'address.postalCode',
    state: 'address.region',
    country: 'address.country',
  },
  company: {
    name: 'name',
    domain: 'domain',
    industry: 'industry',
    phone: 'phone',
    annualrevenue: 'annualRevenue',
    numberofemployees: 'employeeCount',
    hs_parent_company_id: 'parentId',
    address: 'address.street',
    city: 'address.city',
    zip: 'address.postalCode',
    state: 'address.region',
    country: 'address.country',
  },
  deal: {
    dealname: 'name',
    amount: 'amount',
    dealstage: 'stage',
    pipeline: 'pipeline',
    hs_deal_stage_probability: 'probability',
    closedate: 'closeDate',
    closed_lost_reason: 'lostReason',
  },
  lead: { hs_lead_name: 'name', hs_lead_label: 'status' },
  product: { name: 'name', hs_sku: 'sku', description: 'description', price: 'price' },
  invoice: {
    hs_number: 'number',
    hs_invoice_status: 'status',
    hs_amount_billed: 'total',
    hs_balance_due: 'balanceDue',
    hs_invoice_date: 'issuedAt',
    hs_due_date: 'dueAt',
  },
  quote: {
    hs_title: 'name',
    hs_quote_number: 'number',
    hs_status: 'statusName',
    hs_quote_amount: 'total',
    hs_expiration_date: 'expiresAt',
  },
  activity: {
    hs_task_subject: 'name',
    hs_task_type: 'kindName',
    hs_task_body: 'description',
    hs_task_status: 'status',
    hs_task_priority: 'priority',
    hs_timestamp: 'dueAt',
  },
  ticket: {
    subject: 'name',
    content: 'description',
    hs_pipeline: 'pipeline',
    hs_pipeline_stage: 'stage',
    hs_ticket_priority: 'priority',
    hs_ticket_category: 'category',
    source_type: 'channel',
    closed_date: 'closedAt',
  },
  payment: {
    hs_initial_amount: 'amount',
    hs_latest_status: 'status',
    hs_payment_method_type: 'method',
    hs_initiated_date: 'paidAt',
  },
  'custom-line-item': { name: 'name' },
};

/** Read for what they tell of the record; they are no fields by themselves. */
const SILENT: Readonly<Record<string, readonly string[]>> = {
  contact: ['hs_calculated_merged_vids'],
  deal: ['deal_currency_code', 'hs_is_closed', 'hs_is_closed_won'],
  invoice: ['hs_currency'],
  quote: ['hs_currency'],
  payment: ['hs_currency_code'],
};

/** Read into `custom` without being asked for: without a field of their own, they are what the object is about. */
const CUSTOM: Readonly<Record<string, readonly string[]>> = {
  lead: ['hs_lead_type'],
  payment: ['hs_customer_email', 'hs_fees_amount', 'hs_reference_number', 'hs_refunds_amount'],
  'custom-line-item': ['price', 'quantity', 'amount', 'hs_product_id', 'hs_sku'],
};

/** On every record; `lastmodifieddate` is what contacts have instead of `hs_lastmodifieddate`. */
const ALWAYS = [
  'hubspot_owner_id',
  'createdate',
  'hs_createdate',
  'hs_lastmodifieddate',
  'lastmodifieddate',
  'hs_merged_object_ids',
  'hs_object_id',
];

export const LINE_ITEM_PROPERTIES = [
  'name',
  'price',
  'quantity',
  'amount',
  'hs_product_id',
  'hs_sku',
  'hs_line_item_currency_code',
];

/** The properties to ask for: HubSpot returns next to nothing by itself. */
export function listProperties(entity: string, config: HubspotConfig): string[] {
  const names = [
    ...Object.keys(fieldsOf(entity)),
    ...(SILENT[entity] ?? []),
    ...(CUSTOM[entity] ?? []),
    ...ALWAYS,
    ...(config.customProperties[entity] ?? []),
  ];
  return [...new Set(names)].toSorted();
}

export function fieldsOf(entity: string): Readonly<Record<string, string>> {
  return PROPERTIES[entity] ?? {};
}

export function isSilent(entity: string, property: string): boolean {
  return ALWAYS.includes(property) || (SILENT[entity] ?? []).includes(property);
}

const PARTIES = ['companies', 'contacts'];
const PARTIES_AND_DEAL = [...PARTIES, 'deals'];

/** Whom and what an entity is linked to. */
const ASSOCIATIONS: Readonly<Record<string, readonly string[]>> = {
  lead: PARTIES,
  deal: PARTIES,
  quote: PARTIES_AND_DEAL,
  invoice: PARTIES_AND_DEAL,
  payment: [...PARTIES_AND_DEAL, 'invoices', 'orders'],
  activity: [...PARTIES_AND_DEAL, 'tickets'],
  ticket: PARTIES_AND_DEAL,
};
const WITH_LINES = ['deal', 'quote', 'invoice'];

/** The object types whose associations are read with an entity, as the API's paths name them. */
export function listAssociations(entity: string, config: HubspotConfig): string[] {
  const lines = config.lineItems && WITH_LINES.includes(entity) ? ['line_items'] : [];
  return [...(ASSOCIATIONS[entity] ?? []), ...lines];
}
