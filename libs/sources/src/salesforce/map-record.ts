import type { Notification } from '@crm-mesh/contract';
import type { MappedRecord, SourceContext } from '@crm-mesh/sdk';
import { toDecimalText, toIsoTime } from '@crm-mesh/sdk/kit';
import { setProperty } from 'dot-prop';
import { convertField, isEmpty } from '../mapping/convert-field.js';
import { readFieldKinds } from '../mapping/field-kinds.js';
import { takeOutUnreadable } from '../mapping/unreadable.js';
import type { SalesforceConfig } from './config.js';
import { toId18 } from './ids.js';
import { mapMeaning } from './map-meaning.js';
import { fieldsOf, isSilent, objectOf } from './objects.js';
import type { Row } from './query.js';

type Context = SourceContext<SalesforceConfig>;
type Fields = Record<string, unknown>;

/** What stands in Salesforce decides, not what a sign says of it. Its reads do not lag behind: what is not found is gone. */
export async function mapSalesforce(
  { notification, fetched }: { notification: Notification; fetched: unknown },
  context: Context,
): Promise<MappedRecord> {
  if (fetched instanceof Error) throw fetched;
  const row = fetched as Row | undefined;
  const modifiedAt = toIsoTime(row?.SystemModstamp) ?? notification.modifiedAt;
  const at = modifiedAt === undefined ? {} : { modifiedAt };
  if (row === undefined || row.IsDeleted === true) return { state: 'deleted', ...at };
  const record = await mapRow(notification.entity, row, context);
  return { state: 'present', ...takeOutUnreadable(record), ...at };
}

async function mapRow(entity: string, row: Row, context: Context): Promise<Fields> {
  const object = objectOf(entity, String(row.Id), context.config);
  const currency = currencyOf(row, context.config);
  const record: Fields = { id: toId18(row.Id), ...mapAlways(row) };
  const custom: [string, unknown][] = [];
  for (const [name, value] of Object.entries(row)) {
    if (isEmpty(value) || isSilent(object, name)) continue;
    const field = fieldFor(object, { name, value, currency });
    if (field === undefined) custom.push([name, value]);
    else
      setProperty(
        record,
        field,
        convertValue(entity, field, { value: toId18(name.endsWith('Id') && value) ?? value, currency }),
      );
  }
  Object.assign(record, await mapMeaning(object, row, context));
  const lines = Array.isArray(row.OpportunityLineItems) ? (row.OpportunityLineItems as Row[]) : [];
  if (lines.length > 0) record.lines = lines.map((line) => mapLine(entity, line, currency));
  if (custom.length > 0) record.custom = Object.fromEntries(custom);
  return record;
}

function currencyOf({ CurrencyIsoCode: own }: Row, config: SalesforceConfig): string | undefined {
  return typeof own === 'string' && own !== '' ? own : config.currency;
}

function mapAlways({ OwnerId, CreatedDate, SystemModstamp }: Row): Fields {
  const ownerId = toId18(OwnerId);
  const createdAt = toIsoTime(CreatedDate);
  const modifiedAt = toIsoTime(SystemModstamp);
  return {
    ...(ownerId !== undefined && { ownerId }),
    ...(createdAt !== undefined && { createdAt }),
    ...(modifiedAt !== undefined && { modifiedAt }),
  };
}

interface Value {
  value: unknown;
  currency: string | undefined;
}

/** The canonical field of a Salesforce field; undefined: it goes to `custom`, as Salesforce has it. */
function fieldFor(object: string, { name, value, currency }: Value & { name: string }): string | undefined {
  const fields = fieldsOf(object);
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  // The country is free text where the organisation has no country picklists.
  if (field === 'address.country' && !/^[A-Za-z]{2}$/.test(String(value))) return undefined;
  // A company's revenue is no reason to bury every company of an organisation whose currency was not configured.
  return field === 'annualRevenue' && currency === undefined ? undefined : field;
}

function convertValue(entity: string, field: string, { value, currency }: Value): unknown {
  const kind = readFieldKinds(entity).get(field) ?? 'text';
  if (kind === 'lines' || kind === 'custom') return value;
  if (kind === 'text-list') return [convertField('text', value, { where: `${entity}.${field}` })];
  // Salesforce counts 0 to 100.
  if (field === 'probability') return Number(toDecimalText(value, -2));
  const text = field === 'address.country' ? String(value).toUpperCase() : value;
  return convertField(kind, text, { currency, where: `${entity}.${field}` });
}

function mapLine(entity: string, line: Row, currency: string | undefined): Fields {
  const money = (field: 'UnitPrice' | 'TotalPrice') =>
    convertField('money', line[field], { currency, where: `${entity}.lines[].${field}` });
  return {
    id: toId18(line.Id),
    quantity: toDecimalText(line.Quantity) ?? '1',
    ...(!isEmpty(line.Product2Id) && { productId: toId18(line.Product2Id) }),
    ...(!isEmpty(line.ProductCode) && { sku: line.ProductCode }),
    ...(!isEmpty(line.Name) && { name: line.Name }),
    ...(!isEmpty(line.UnitPrice) && { unitPrice: money('UnitPrice') }),
    ...(!isEmpty(line.TotalPrice) && { total: money('TotalPrice') }),
  };
}
