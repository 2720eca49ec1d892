import type { DealStatus } from '@crm-mesh/contract';
import type { SourceContext } from '@crm-mesh/sdk';
import { isObject, readId, toIsoTime } from '@crm-mesh/sdk/kit';
import { convertField, isEmpty } from '../mapping/convert-field.js';
import type { PipedriveConfig } from './config.js';
import type { Row } from './lists.js';
import { mapLine } from './map-line.js';
import { findStage } from './metadata.js';

type Context = SourceContext<PipedriveConfig>;
type Fields = Record<string, unknown> & { custom?: Record<string, unknown> };

/** What is more than one field for one field. */
export async function mapApart(entity: string, row: Row, context: Context): Promise<Fields> {
  switch (entity) {
    case 'contact':
      return { ...mapList('email', row.emails), ...mapList('phone', row.phones), ...mapAddress(row.postal_address) };
    case 'company':
      return mapAddress(row.address);
    case 'deal':
      return mapDeal(row, context);
    case 'lead':
      return { ...mapAmount(entity, row, context.config), ...mapContacts(row) };
    case 'product':
      return mapPrice(row, context.config);
    case 'activity':
      return { ...mapActivity(row), ...mapContacts(row) };
    default:
      return {};
  }
}

/** The primary one first. */
function mapList(name: 'email' | 'phone', list: unknown): Fields {
  const entries = listObjects(list).filter(({ value }) => !isEmpty(value));
  const sorted = entries.toSorted((a, b) => Number(b.primary === true) - Number(a.primary === true));
  const values = sorted.map(({ value }) => String(value));
  return values.length === 0 ? {} : { [name]: values[0], [`${name}s`]: values };
}

/** As Google Maps takes an address apart; before it did so, only `value` is there. */
function mapAddress(address: unknown): Fields {
  if (typeof address === 'string') return address === '' ? {} : { address: { street: address } };
  if (!isObject(address)) return {};
  const {
    value,
    route,
    street_number: number,
    locality,
    postal_code: code,
    admin_area_level_1: region,
    country,
  } = address;
  const street = [route, number].filter((part) => !isEmpty(part)).join(' ');
  const isCode = typeof country === 'string' && /^[A-Za-z]{2}$/.test(country);
  const parts = { street: street || value, city: locality, postalCode: code, region, ...(isCode && { country }) };
  const mapped = convertField('address', parts, { where: 'address' }) as Fields;
  return {
    ...(Object.keys(mapped).length > 0 && { address: mapped }),
    ...(!isCode && !isEmpty(country) && { custom: { country } }),
  };
}

/** Won and lost are the deal's status: a won deal keeps its last stage. */
async function mapDeal(row: Row, context: Context): Promise<Fields> {
  const status: DealStatus = row.status === 'won' || row.status === 'lost' ? row.status : 'open';
  const stageId = readId(row.stage_id);
  const { name, probability: ofStage } = stageId === undefined ? {} : await findStage(stageId, context);
  const own = typeof row.probability === 'number' ? row.probability / 100 : undefined;
  const probability = own ?? (status === 'open' ? ofStage : undefined);
  const ended = status === 'won' ? row.won_time : row.lost_time;
  const closeDate = toIsoTime(status === 'open' ? row.expected_close_date : (ended ?? row.close_time));
  const lines = listObjects(row.products).map((line) => mapLine(line, row.currency));
  return {
    status,
    ...mapAmount('deal', row, context.config),
    ...mapContacts(row),
    ...(name !== undefined && { stageName: name }),
    ...(probability !== undefined && { probability }),
    ...(closeDate !== undefined && { closeDate }),
    ...(lines.length > 0 && { lines }),
  };
}

/** A number and a `currency`, or of leads `{amount, currency}`. */
function mapAmount(entity: string, row: Row, { currency }: PipedriveConfig): Fields {
  const own = isObject(row.value) ? row.value : { amount: row.value, currency: row.currency };
  if (isEmpty(own.amount)) return {};
  const money = isEmpty(own.currency) ? own.amount : { value: own.amount, currency: own.currency };
  return { amount: convertField('money', money, { currency, where: `${entity}.amount` }) };
}

function mapContacts(row: Row): Fields {
  const participants = listObjects(row.participants).map(({ person_id: id }) => readId(id));
  const ids = [readId(row.person_id), ...participants].filter((id) => id !== undefined);
  return ids.length === 0 ? {} : { contactIds: [...new Set(ids)] };
}

/** A product has a price in each currency: that of the connection, else the first. */
function mapPrice(row: Row, { currency }: PipedriveConfig): Fields {
  const prices = listObjects(row.prices).filter(({ price }) => !isEmpty(price));
  const own = prices.find((price) => price.currency === currency) ?? prices[0];
  if (!own) return {};
  const money = { value: own.price, currency: own.currency };
  return { price: convertField('money', money, { currency, where: 'product.price' }) };
}

const KINDS: Readonly<Record<string, string>> = {
  call: 'call',
  deadline: 'task',
  email: 'email',
  lunch: 'meeting',
  meeting: 'meeting',
  task: 'task',
};

/** `due_time` and `duration` are `HH:MM`, in UTC; without a time it is for the whole day. */
function mapActivity({ type, due_date: day, due_time: clock, duration }: Row): Fields {
  const kind = typeof type === 'string' && { kind: KINDS[type] ?? 'other' };
  const startsAt = isEmpty(day) || isEmpty(clock) ? undefined : toIsoTime(`${String(day)}T${String(clock)}Z`);
  const dueAt = startsAt ?? toIsoTime(day);
  const [hours, minutes] = isEmpty(duration) ? [] : String(duration).split(':').map(Number);
  const lastsMs = hours === undefined || minutes === undefined ? NaN : (hours * 60 + minutes) * 60_000;
  const isTimed = startsAt !== undefined && lastsMs > 0;
  return {
    ...kind,
    ...(dueAt !== undefined && { dueAt }),
    ...(startsAt !== undefined && { startsAt }),
    ...(isTimed && { endsAt: new Date(Date.parse(startsAt) + lastsMs).toISOString() }),
  };
}

function listObjects(list: unknown): Row[] {
  return (Array.isArray(list) ? (list as unknown[]) : []).filter(isObject);
}
