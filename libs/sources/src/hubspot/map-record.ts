import type { DealStatus, Notification, QuoteStatus } from '@crm-mesh/contract';
import { RetryLater, type MappedRecord, type SourceContext } from '@crm-mesh/sdk';
import { toDecimalText, toIsoTime } from '@crm-mesh/sdk/kit';
import { setProperty } from 'dot-prop';
import { convertField, isEmpty } from '../mapping/convert-field.js';
import { readFieldKinds } from '../mapping/field-kinds.js';
import { takeOutUnreadable } from '../mapping/unreadable.js';
import type { HubspotConfig } from './config.js';
import type { FetchedObject } from './fetch-records.js';
import { modifiedAtOf, type HubspotObject } from './read-objects.js';
import { decideStatus, decideTicketStatus, findStage } from './pipelines.js';
import { fieldsOf, isSilent } from './properties.js';

type Context = SourceContext<HubspotConfig>;
type Fields = Record<string, unknown>;

/**
 * How young a change must be for a record that is not found to be asked for again: HubSpot's reads may lag behind its
 * webhooks, and a record that is taken for deleted by mistake gets no second webhook.
 */
const NOT_FOUND_GRACE_MS = 10_000;

/** What stands in HubSpot decides, not what the webhook says of it; only an order to erase is obeyed as it is. */
export async function mapHubspot(
  input: { notification: Notification; fetched: unknown },
  context: Context,
): Promise<MappedRecord> {
  const { notification, fetched } = input;
  const at = notification.modifiedAt === undefined ? {} : { modifiedAt: notification.modifiedAt };
  if (notification.change === 'erased') return { state: 'erased', ...at };
  if (fetched instanceof Error) throw fetched;
  if (fetched === undefined) {
    waitForYoung(notification, context);
    return { state: 'deleted', ...at };
  }
  const object = fetched as FetchedObject;
  const record = await mapObject(notification.entity, object, context);
  const modifiedAt = (record.modifiedAt as string | undefined) ?? notification.modifiedAt;
  return {
    state: 'present',
    ...takeOutUnreadable(record),
    ...(modifiedAt !== undefined && { modifiedAt }),
  };
}

function waitForYoung({ change, modifiedAt, receivedAt }: Notification, context: Context): void {
  const restMs = Date.parse(modifiedAt ?? receivedAt) + NOT_FOUND_GRACE_MS - context.now();
  if (change === 'deleted' || !(restMs > 0)) return;
  throw new RetryLater(Math.min(Math.ceil(restMs), NOT_FOUND_GRACE_MS), 'The record is not readable yet.');
}

async function mapObject(entity: string, object: FetchedObject, context: Context): Promise<Fields> {
  const currency = currencyOf(object, context.config);
  const record: Fields = { id: object.id, ...mapAlways(object) };
  const custom: [string, unknown][] = [];
  for (const [property, value] of Object.entries(object.properties)) {
    if (isEmpty(value) || isSilent(entity, property)) continue;
    const field = fieldFor(entity, { property, value, currency });
    if (field === undefined) custom.push([property, value]);
    else setProperty(record, field, convertProperty(entity, field, { value, currency }));
  }
  Object.assign(record, mapLinks(object));
  if (entity === 'quote') Object.assign(record, mapQuote(object));
  if (entity === 'activity') Object.assign(record, mapTask(object));
  if (entity === 'deal') Object.assign(record, await mapDealStage(object, context));
  if (entity === 'ticket') Object.assign(record, await mapTicketStage(object, context));
  if (object.lineItems.length > 0) record.lines = object.lineItems.map((item) => mapLine(entity, item, currency));
  if (custom.length > 0) record.custom = Object.fromEntries(custom);
  return record;
}

function currencyOf({ properties }: HubspotObject, config: HubspotConfig): string | undefined {
  const own = properties.deal_currency_code || properties.hs_currency || properties.hs_currency_code;
  return typeof own === 'string' && own !== '' ? own : config.currency;
}

function mapAlways(object: HubspotObject): Fields {
  const { properties, createdAt } = object;
  const ownerId = properties.hubspot_owner_id;
  const created = toIsoTime(properties.createdate || properties.hs_createdate || createdAt, 'ms');
  const modified = modifiedAtOf(object);
  return {
    ...(!isEmpty(ownerId) && { ownerId }),
    ...(created !== undefined && { createdAt: created }),
    ...(modified !== undefined && { modifiedAt: modified }),
  };
}

interface Value {
  value: unknown;
  currency: string | undefined;
}

/** The canonical field of a property; undefined: it goes to `custom`, as HubSpot has it. */
function fieldFor(entity: string, { property, value, currency }: Value & { property: string }): string | undefined {
  const fields = fieldsOf(entity);
  if (!Object.hasOwn(fields, property)) return undefined;
  // HubSpot's country is free text.
  if (property === 'country' && !/^[A-Za-z]{2}$/.test(String(value))) return undefined;
  // A company's revenue is no reason to bury every company of a portal whose currency was not configured.
  if (property === 'annualrevenue' && currency === undefined) return undefined;
  return fields[property];
}

function convertProperty(entity: string, field: string, { value, currency }: Value): unknown {
  const kind = readFieldKinds(entity).get(field) ?? 'text';
  if (kind === 'lines' || kind === 'custom') return value;
  const text = field === 'address.country' ? String(value).toUpperCase() : value;
  return convertField(kind, text, { currency, epochUnit: 'ms', where: `${entity}.${field}` });
}

/** Only links that the entity has a field for are read: `listAssociations` says which. */
function mapLinks({ associations }: FetchedObject): Fields {
  const [companyId] = associations.companies ?? [];
  const [dealId] = associations.deals ?? [];
  const [invoiceId] = associations.invoices ?? [];
  const [orderId] = associations.orders ?? [];
  const [ticketId] = associations.tickets ?? [];
  const contactIds = associations.contacts ?? [];
  return {
    ...(companyId !== undefined && { companyId }),
    ...(dealId !== undefined && { dealId }),
    ...(invoiceId !== undefined && { invoiceId }),
    ...(orderId !== undefined && { orderId }),
    ...(ticketId !== undefined && { ticketId }),
    ...(contactIds.length > 0 && { contactIds: [...contactIds] }),
  };
}

const QUOTE_STATUS: Readonly<Record<string, QuoteStatus>> = {
  DRAFT: 'draft',
  PENDING_APPROVAL: 'pending',
  APPROVED: 'approved',
  APPROVAL_NOT_NEEDED: 'approved',
  REJECTED: 'rejected',
};

function mapQuote({ properties }: FetchedObject): Fields {
  const status = QUOTE_STATUS[properties.hs_status ?? ''];
  return status === undefined ? {} : { status };
}

function mapTask({ properties: { hs_task_status: status } }: FetchedObject): Fields {
  return { kind: 'task', ...(!isEmpty(status) && { done: status === 'COMPLETED' }) };
}

async function mapDealStage({ properties }: FetchedObject, context: Context): Promise<Fields> {
  const { pipeline, dealstage } = properties;
  const isKnown = !isEmpty(pipeline) && !isEmpty(dealstage);
  const stage = isKnown ? await findStage('deals', `${pipeline}/${dealstage}`, context) : undefined;
  return {
    status: stage ? decideStatus(stage.metadata) : statusOfDeal(properties),
    ...(stage?.name !== undefined && { stageName: stage.name }),
  };
}

/** A ticket by itself has no mark that says whether it is closed: without its stage the status stays unknown. */
async function mapTicketStage({ properties }: FetchedObject, context: Context): Promise<Fields> {
  const { hs_pipeline: pipeline, hs_pipeline_stage: id } = properties;
  const isKnown = !isEmpty(pipeline) && !isEmpty(id);
  const stage = isKnown ? await findStage('tickets', `${pipeline}/${id}`, context) : undefined;
  const status = decideTicketStatus(stage?.metadata);
  return { ...(status !== undefined && { status }), ...(stage?.name !== undefined && { stageName: stage.name }) };
}

/** For a stage that was deleted since: HubSpot's own calculated marks on the deal. */
function statusOfDeal({ hs_is_closed: closed, hs_is_closed_won: won }: HubspotObject['properties']): DealStatus {
  if (won === 'true') return 'won';
  return closed === 'true' ? 'lost' : 'open';
}

function mapLine(entity: string, { id, properties }: HubspotObject, currency: string | undefined): Fields {
  const ownCurrency = properties.hs_line_item_currency_code || currency;
  const money = (property: 'price' | 'amount') =>
    convertField('money', properties[property], { currency: ownCurrency, where: `${entity}.lines[].${property}` });
  return {
    id,
    quantity: toDecimalText(properties.quantity) ?? '1',
    ...(!isEmpty(properties.hs_product_id) && { productId: properties.hs_product_id }),
    ...(!isEmpty(properties.hs_sku) && { sku: properties.hs_sku }),
    ...(!isEmpty(properties.name) && { name: properties.name }),
    ...(!isEmpty(properties.price) && { unitPrice: money('price') }),
    ...(!isEmpty(properties.amount) && { total: money('amount') }),
  };
}
