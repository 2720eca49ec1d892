import type { CrmObject } from '../../crm/crm-object.js';
import type { CrmStore } from '../../crm/crm-store.js';
import type { ObjectType } from '../../crm/object-types.js';
import { CUSTOM_FIELDS } from './fields.js';
import { toLeadId, toTime, toUserId } from './ids.js';
import { readDealState } from './stages.js';

export type Row = Record<string, unknown>;

export interface Shower {
  store: CrmStore;
  /** By how much the CRM's clock is wrong. */
  skewMs: number;
}

/** A record as the API shows it. */
export function showRecord(object: CrmObject, { store, skewMs }: Shower): Row {
  const time = (ms: number): string => toTime(ms + skewMs);
  const common: Row = {
    owner_id: toUserId(object.properties.get('hubspot_owner_id')),
    add_time: time(object.createdAtMs),
    update_time: time(object.updatedAtMs),
    is_deleted: object.archivedAtMs !== undefined,
    visible_to: 3,
    label_ids: [],
  };
  const custom = showCustomFields(object);
  const links = (type: ObjectType): number | null => firstLink(store, object, type);
  switch (object.type) {
    case 'contacts':
      return { id: Number(object.id), ...showPerson(object), org_id: links('companies'), ...common, ...custom };
    case 'companies':
      return { id: Number(object.id), ...showOrganization(object), ...common, ...custom };
    case 'deals':
      return {
        id: Number(object.id),
        ...common,
        ...showDeal(object, time),
        person_id: links('contacts'),
        org_id: links('companies'),
        ...custom,
      };
    case 'products':
      return { id: Number(object.id), ...showProduct(object), ...common, custom_fields: {} };
    case 'leads':
    case 'line_items': {
      const { is_deleted: _deleted, ...kept } = common;
      return { ...showLead(object), ...kept, person_id: links('contacts'), organization_id: links('companies') };
    }
  }
}

function firstLink(store: CrmStore, object: CrmObject, type: ObjectType): number | null {
  const links = store.listLinks(object, type);
  const primary = links.find(({ types }) => types.some(({ label }) => label === 'Primary')) ?? links[0];
  return primary ? Number(primary.id) : null;
}

function showPerson({ properties }: CrmObject): Row {
  const text = (name: string): string | null => properties.get(name) ?? null;
  const [first, last] = [text('firstname'), text('lastname')];
  const emails = [properties.get('email'), ...(properties.get('hs_additional_emails')?.split(';') ?? [])];
  return {
    name: [first, last].filter((part) => part !== null).join(' '),
    first_name: first,
    last_name: last,
    emails: listEntries(emails),
    phones: listEntries([properties.get('phone')]),
    job_title: text('jobtitle'),
    picture_id: null,
  };
}

function listEntries(values: readonly (string | undefined)[]): Row[] {
  const told = values.filter((value) => value !== undefined && value !== '');
  return told.map((value, index) => ({ value, primary: index === 0, label: 'work' }));
}

function showOrganization({ properties }: CrmObject): Row {
  const text = (name: string): string | null => properties.get(name) ?? null;
  const [street, city] = [text('address'), text('city')];
  const value = [street, city].filter((part) => part !== null).join(', ');
  const address = { value, route: street, locality: city, country: text('country'), postal_code: text('zip') };
  return { name: text('name'), address: value === '' ? null : address, website: text('domain'), industry: null };
}

function showDeal(object: CrmObject, time: (ms: number) => string): Row {
  const { properties, archivedAtMs } = object;
  const { status, stage, statusAtMs, stageAtMs } = readDealState(object);
  const closedAt = status === 'open' ? null : time(statusAtMs);
  return {
    title: properties.get('dealname') ?? '',
    creator_user_id: toUserId(undefined),
    value: Number(properties.get('amount') ?? 0),
    currency: properties.get('deal_currency_code') ?? 'EUR',
    status: archivedAtMs === undefined ? status : 'deleted',
    stage_id: stage.id,
    pipeline_id: stage.pipelineId,
    stage_change_time: time(stageAtMs),
    probability: null,
    lost_reason: properties.get('closed_lost_reason') ?? null,
    close_time: closedAt,
    won_time: status === 'won' ? closedAt : null,
    lost_time: status === 'lost' ? closedAt : null,
    expected_close_date: properties.get('closedate')?.slice(0, 10) ?? null,
    is_archived: properties.get('is_archived') === 'true',
    archive_time: null,
    origin: 'ManuallyCreated',
    origin_id: null,
    channel: null,
    channel_id: null,
    acv: null,
    arr: null,
    mrr: null,
  };
}

function showProduct({ properties }: CrmObject): Row {
  const price = properties.get('price');
  return {
    name: properties.get('name') ?? '',
    code: properties.get('hs_sku') ?? null,
    description: properties.get('description') ?? null,
    unit: null,
    tax: 0,
    is_linkable: true,
    prices: price === undefined ? [] : [{ price: Number(price), currency: 'EUR', cost: 0 }],
  };
}

function showLead({ id, properties }: CrmObject): Row {
  const amount = properties.get('amount');
  return {
    id: toLeadId(id),
    title: properties.get('hs_lead_name') ?? '',
    value: amount === undefined ? null : { amount: Number(amount), currency: 'EUR' },
    is_archived: properties.get('is_archived') === 'true',
    expected_close_date: null,
    source_name: 'API',
  };
}

/** Values of any shape lie in the core as JSON. */
function showCustomFields({ type, properties }: CrmObject): { custom_fields: Row } {
  const fields = CUSTOM_FIELDS[type] ?? [];
  const read = (key: string): unknown => JSON.parse(properties.get(key) ?? 'null');
  return { custom_fields: Object.fromEntries(fields.map(({ key }) => [key, read(key)])) };
}

/** A product of a deal. */
export function showLine(line: CrmObject, deal: CrmObject): Row {
  const { properties } = line;
  const productId = properties.get('hs_product_id');
  const [price, quantity] = [Number(properties.get('price') ?? 0), Number(properties.get('quantity') ?? 1)];
  return {
    id: Number(line.id),
    deal_id: Number(deal.id),
    product_id: productId === undefined ? null : Number(productId),
    name: properties.get('name') ?? '',
    item_price: price,
    quantity,
    sum: Math.round(price * quantity * 100) / 100,
    currency: deal.properties.get('deal_currency_code') ?? 'EUR',
    discount: 0,
    discount_type: 'percentage',
    tax: 0,
    tax_method: 'exclusive',
    is_enabled: true,
    add_time: toTime(line.createdAtMs),
    update_time: toTime(line.updatedAtMs),
  };
}
