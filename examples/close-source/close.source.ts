import {
  defineSource,
  type AnyRecord,
  type ApiAnswer,
  type ApiDescription,
  type Change,
  type MappedRecord,
  type NotificationDraft,
  type PollPage,
  type PollRequest,
  type ScanRequest,
  type SourceContext,
  type Verification,
  type WebhookRequest,
} from '@crm-mesh/sdk';
import {
  checkTimestamp,
  equalsInConstantTime,
  isObject,
  parseJsonBody,
  readId,
  refuseMapping,
  refuseNotification,
  SIGNATURE_WINDOW_MS,
  toDecimalText,
  toIsoTime,
} from '@crm-mesh/sdk/kit';
import { ArrayMaxSize, ArrayMinSize, IsNotEmpty, IsString, IsUrl, Matches } from 'class-validator';
import { createHmac } from 'node:crypto';

/** One organisation of Close. */
class CloseConfig {
  /** `signature_key` of the webhook's registration, shown once; two while it is being replaced. */
  @Matches(/^[0-9a-f]{64}$/i, { each: true, message: 'each of $property must be 64 hexadecimal digits' })
  @ArrayMinSize(1)
  @ArrayMaxSize(2)
  signatureKeys!: string[];

  /** Reads what webhooks do not carry, and the event log. */
  @IsString()
  @IsNotEmpty()
  apiKey!: string;

  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  apiUrl: string = 'https://api.close.com';
}

type Context = SourceContext<CloseConfig>;
type Fields = Readonly<Record<string, unknown>>;

/** A lead of Close is a company: people of it are its contacts. */
const ENTITIES: Readonly<Record<string, string>> = { lead: 'company', contact: 'contact', opportunity: 'deal' };
const OBJECT_TYPES: Readonly<Record<string, string>> = { company: 'lead', contact: 'contact', deal: 'opportunity' };
/** Others (`completed`, `sent` …) are about no record of these types. */
const CHANGES: Readonly<Record<string, Change>> = {
  created: 'created',
  updated: 'updated',
  deleted: 'deleted',
  // Which lead swallowed which is not documented: each of the two is read, and found or not.
  merged: 'unknown',
};
const STATUSES: Readonly<Record<string, 'open' | 'won' | 'lost'>> = { active: 'open', won: 'won', lost: 'lost' };
const PAGE_SIZE = 50;
const RETENTION_MS = 30 * 86_400_000;
const LIST_SIZE = 100;
/** Rows are counted from the front: where some are deleted meanwhile, so many of them may move up unseen between two pages. */
const LIST_OVERLAP = 20;

export default defineSource<CloseConfig>({
  name: 'close',
  config: CloseConfig,
  verify,
  split,
  api: describeApi,
  fetch: fetchRecords,
  // One request each: Close reads no list of ids.
  fetchBatchSize: 10,
  poll: { entities: () => Object.keys(OBJECT_TYPES), retentionMs: RETENTION_MS, page: readEventLog },
  scan: { entities: () => Object.keys(OBJECT_TYPES), page: readList },
  reads: (entity) => READS[entity] ?? [],
  map: ({ notification, fetched }): MappedRecord => {
    if (fetched === undefined || fetched === null) {
      const { modifiedAt } = notification;
      return { state: 'deleted', ...(modifiedAt !== undefined && { modifiedAt }) };
    }
    return mapRecord(notification.entity, notification.id, fetched);
  },
});

/** `hex(HMAC-SHA256(key, timestamp + body))`; the key is what the 64 digits stand for, not their text. */
function verify({ headers, body }: WebhookRequest, { config, now }: Context): Verification {
  const timestamp = headers['close-sig-timestamp'];
  const signature = headers['close-sig-hash'];
  if (!signature) return { ok: false, code: 'signature-missing', reason: 'The header close-sig-hash is missing.' };
  if (!/^[0-9a-f]{64}$/i.test(signature)) {
    return { ok: false, code: 'signature-malformed', reason: 'The header close-sig-hash is no SHA-256 in hex.' };
  }
  const rule = { header: 'close-sig-timestamp', unit: 's', windowMs: SIGNATURE_WINDOW_MS } as const;
  const refused = checkTimestamp(timestamp, now(), rule);
  if (refused) return refused;
  const given = Buffer.from(signature, 'hex');
  // Every key is tried, so that the time does not tell which one fits.
  const fitting = config.signatureKeys.filter((key) => equalsInConstantTime(given, sign(key, timestamp ?? '', body)));
  if (fitting.length > 0) return { ok: true, scheme: 'close-hmac' };
  return { ok: false, code: 'signature-mismatch', reason: 'The signature is not that of the configured key.' };
}

function sign(key: string, timestamp: string, body: Uint8Array): Buffer {
  return createHmac('sha256', Buffer.from(key, 'hex')).update(timestamp).update(body).digest();
}

/** One event each. */
function split({ body }: WebhookRequest, { log }: Context): NotificationDraft[] {
  const item = parseJsonBody(body);
  if (!isObject(item) || !isObject(item['event'])) throw refuseNotification('the body holds no `event`.');
  const draft = readEvent(item['event']);
  if (draft) return [draft];
  log.warn('an event of no lead, contact or opportunity was left out: see the subscription in Close');
  return [];
}

/**
 * The same of a webhook and of the event log, so that both make one notification. `api_key_id` stays in the payload: an
 * event with the key of this connection is an echo of a write of its own.
 */
function readEvent(event: Fields): NotificationDraft | undefined {
  const { object_type: type, action } = event;
  if (typeof type !== 'string' || typeof action !== 'string')
    throw refuseNotification('an event has no `object_type` or no `action`.');
  const entity = Object.hasOwn(ENTITIES, type) ? ENTITIES[type] : undefined;
  const change = Object.hasOwn(CHANGES, action) ? CHANGES[action] : undefined;
  if (!entity || !change) return undefined;
  const id = readId(event['object_id']);
  const eventId = readId(event['id']);
  const modifiedAt = toTime(event['date_updated']);
  if (!id || !eventId || !modifiedAt)
    throw refuseNotification(`an event of the type ${type} has no \`id\`, \`object_id\` or \`date_updated\`.`);
  const data = event['data'];
  const carriesRecord = change !== 'deleted' && change !== 'unknown' && isObject(data) && readId(data['id']) === id;
  return {
    entity,
    id,
    change,
    // Close adds to an event for a while, and keeps its id.
    dedupeKey: `${eventId} ${String(event['date_updated'])}`,
    modifiedAt,
    payload: event,
    ...(carriesRecord && { fetched: data }),
  };
}

/** `2026-03-24T15:59:58.120000`, without a zone: UTC. */
function toTime(value: unknown): string | undefined {
  const time = typeof value === 'string' ? toIsoTime(value) : undefined;
  return time?.includes('T') ? time : undefined;
}

function describeApi({ apiKey, apiUrl }: CloseConfig): ApiDescription {
  return {
    title: 'Close',
    baseUrl: apiUrl,
    auth: { kind: 'basic', user: apiKey, password: '' },
    limits: { requests: 20, intervalMs: 1_000, concurrent: 5 },
    readQuota: ({ headers }) => {
      const remaining = /\bremaining=(\d+)/.exec(headers['ratelimit'] ?? '')?.[1];
      return remaining === undefined ? undefined : { remaining: Number(remaining) };
    },
  };
}

async function fetchRecords(entity: string, ids: readonly string[], { api }: Context): Promise<Map<string, unknown>> {
  const read = async (id: string): Promise<[string, unknown][]> => {
    const path = `/api/v1/${OBJECT_TYPES[entity]}/${encodeURIComponent(id)}/`;
    const { status, body } = await api.request({ path, accept: [404] });
    return status === 404 ? [] : [[id, body]];
  };
  return new Map((await Promise.all(ids.map(read))).flat());
}

/** The log of 30 days, newest first: what happens meanwhile goes in front of what was read, and into the next window. */
async function readEventLog({ entity, fromMs, toMs, cursor }: PollRequest, { api }: Context): Promise<PollPage> {
  const answer = await api.request({
    path: '/api/v1/event/',
    query: {
      object_type: OBJECT_TYPES[entity],
      date_updated__gte: new Date(fromMs).toISOString().replace('Z', '000'),
      _limit: PAGE_SIZE,
      _cursor: cursor,
    },
  });
  const { data, next } = readPage(answer);
  const drafts = data.flatMap((event) => readEvent(event) ?? []);
  return {
    drafts: drafts.filter(({ modifiedAt }) => Date.parse(modifiedAt ?? '') <= toMs),
    ...(next !== undefined && { cursor: next }),
  };
}

/** By the number of the row. Close names a largest one for each list, and refuses (400) what lies behind: the scan then fails. */
async function readList({ entity, cursor = '0', fields }: ScanRequest, { api }: Context): Promise<PollPage> {
  const skip = Number(cursor);
  const query = { _skip: skip, _limit: LIST_SIZE, _fields: fields === 'versions' ? 'id,date_updated' : undefined };
  const { data, hasMore } = readPage(await api.request({ path: `/api/v1/${OBJECT_TYPES[entity]}/`, query }));
  const drafts = data.map((row) => draftRow(entity, row, fields === 'records'));
  return hasMore ? { drafts, cursor: String(skip + Math.max(1, data.length - LIST_OVERLAP)) } : { drafts };
}

function draftRow(entity: string, row: Fields, isWhole: boolean): NotificationDraft {
  const [id, modifiedAt] = [readId(row['id']), toTime(row['date_updated'])];
  if (!id || !modifiedAt) throw new Error(`Close listed a record of ${entity} without \`id\` or \`date_updated\``);
  const told = { entity, id, modifiedAt, change: 'unknown', dedupeKey: `row ${id} ${modifiedAt}` } as const;
  return { ...told, payload: { id, modifiedAt }, ...(isWhole && { fetched: row }) };
}

function readPage({ body }: ApiAnswer): { data: Fields[]; next: string | undefined; hasMore: boolean } {
  if (!isObject(body) || !Array.isArray(body['data']) || !body['data'].every(isObject))
    throw new Error('Close answered a list without `data`');
  return { data: body['data'], next: readId(body['cursor_next']), hasMore: body['has_more'] === true };
}

function mapRecord(entity: string, id: string, object: unknown): MappedRecord {
  if (!isObject(object)) throw refuseMapping(`Close gave no object for ${entity} ${id}.`);
  const modifiedAt = toTime(object['date_updated']);
  const record = {
    id,
    ...dropAbsent({ createdAt: toTime(object['date_created']), modifiedAt, custom: readCustom(entity, object) }),
    ...dropAbsent(MAPPINGS[entity]?.(object, id) ?? {}),
  };
  return { state: 'present', record: record as AnyRecord, ...(modifiedAt !== undefined && { modifiedAt }) };
}

const MAPPINGS: Readonly<Record<string, (object: Fields, id: string) => Fields>> = {
  company: (lead) => ({
    name: readText(lead['display_name']) ?? readText(lead['name']),
    website: readText(lead['url']),
    domain: readDomain(lead['url']),
    address: readAddress(lead['addresses']),
  }),
  contact: (contact) => {
    const emails = listTexts(contact['emails'], 'email');
    const phones = listTexts(contact['phones'], 'phone');
    return {
      name: readText(contact['name']),
      jobTitle: readText(contact['title']),
      email: emails?.[0],
      emails,
      phone: phones?.[0],
      phones,
      companyId: readText(contact['lead_id']),
    };
  },
  deal: (opportunity, id) => {
    const status = STATUSES[String(opportunity['status_type'])];
    if (!status) throw refuseMapping(`status_type of the opportunity ${id} is not active, won or lost.`);
    const contactId = readText(opportunity['contact_id']);
    return {
      // An opportunity has no name of its own.
      name: readText(opportunity['note'])?.split('\n')[0]?.trim() || readText(opportunity['lead_name']),
      amount: readAmount(opportunity),
      status,
      stage: readText(opportunity['status_id']),
      stageName: readText(opportunity['status_label']),
      pipeline: readText(opportunity['pipeline_id']),
      probability: readProbability(opportunity['confidence']),
      // date_won is the expected day as long as nothing is decided.
      closeDate: readDay(opportunity[status === 'lost' ? 'date_lost' : 'date_won']),
      companyId: readText(opportunity['lead_id']),
      contactIds: contactId === undefined ? undefined : [contactId],
      ownerId: readText(opportunity['user_id']),
    };
  },
};

/** Fields that have no place in the canonical record, besides the custom fields. */
const KEPT: Readonly<Record<string, readonly string[]>> = {
  company: ['status_id', 'status_label', 'description'],
  contact: [],
  deal: ['value_period'],
};
const READ_OF_ALL = ['id', 'date_created', 'date_updated'];
const READS: Readonly<Record<string, readonly string[]>> = {
  company: [...READ_OF_ALL, 'name', 'display_name', 'url', 'addresses', ...KEPT['company']!],
  contact: [...READ_OF_ALL, 'name', 'title', 'emails', 'phones', 'lead_id'],
  deal: [
    ...READ_OF_ALL,
    ...['note', 'lead_name', 'value', 'value_currency', 'status_type', 'status_id', 'status_label', 'pipeline_id'],
    ...['confidence', 'date_won', 'date_lost', 'lead_id', 'contact_id', 'user_id'],
    ...KEPT['deal']!,
  ],
};

/** `custom.cf_…` by the field's id, as its name may change. */
function readCustom(entity: string, object: Fields): Fields | undefined {
  const kept = (KEPT[entity] ?? []).map((field): [string, unknown] => [field, readText(object[field])]);
  const custom = Object.entries(object)
    .filter(([key]) => key.startsWith('custom.'))
    .map(([key, value]): [string, unknown] => [key.slice('custom.'.length), value ?? undefined]);
  const found = dropAbsent(Object.fromEntries([...kept, ...custom]));
  return Object.keys(found).length > 0 ? found : undefined;
}

/** Cents, whatever the currency. */
function readAmount({ value, value_currency: currency }: Fields): Fields | undefined {
  const amount = toDecimalText(value, -2);
  if (amount === undefined) return undefined;
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency))
    throw refuseMapping('an opportunity has a value without a currency.');
  return { value: amount, currency };
}

function readProbability(confidence: unknown): number | undefined {
  return typeof confidence === 'number' && confidence >= 0 && confidence <= 100 ? confidence / 100 : undefined;
}

function readDay(value: unknown): string | undefined {
  return typeof value === 'string' ? toIsoTime(value) : undefined;
}

function readDomain(url: unknown): string | undefined {
  const text = readText(url);
  return text !== undefined && URL.canParse(text) ? readText(new URL(text).hostname.replace(/^www\./, '')) : undefined;
}

function readAddress(addresses: unknown): Fields | undefined {
  const first: unknown = Array.isArray(addresses) ? addresses[0] : undefined;
  if (!isObject(first)) return undefined;
  const streets = [first['address_1'], first['address_2']].flatMap((line) => readText(line) ?? []);
  const country = readText(first['country'])?.toUpperCase();
  const address = dropAbsent({
    street: readText(streets.join(', ')),
    city: readText(first['city']),
    postalCode: readText(first['zipcode']),
    region: readText(first['state']),
    country: country !== undefined && /^[A-Z]{2}$/.test(country) ? country : undefined,
  });
  return Object.keys(address).length > 0 ? address : undefined;
}

function listTexts(items: unknown, key: string): string[] | undefined {
  const texts = Array.isArray(items)
    ? items.flatMap((item) => (isObject(item) ? (readText(item[key]) ?? []) : []))
    : [];
  return texts.length > 0 ? texts : undefined;
}

function readText(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}

function dropAbsent(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
