import { isObject, refuseMapping } from '@crm-mesh/sdk/kit';
import type { HubspotConfig } from './config.js';
import { fieldsOf } from './properties.js';

type Fields = Readonly<Record<string, unknown>>;

/** HubSpot keeps them itself, so a whole record may be written back. */
const KEPT_BY_HUBSPOT = ['id', 'createdAt', 'modifiedAt'];
/** Follow from links or stages. */
const CALCULATED = ['associatedcompanyid', 'hs_parent_company_id', 'hs_deal_stage_probability'];
/** The property that says in which currency a record's amounts are. */
const CURRENCY_PROPERTIES: Readonly<Record<string, string>> = { deal: 'deal_currency_code' };

/** A canonical record's fields as HubSpot's properties. Throws MESH_MAPPING_INVALID on one that HubSpot has no property for. */
export function toProperties(entity: string, record: Fields, config: HubspotConfig): Record<string, string> {
  const byField = new Map(
    Object.entries(fieldsOf(entity)).flatMap(([property, field]) =>
      CALCULATED.includes(property) ? [] : [[field, property] as const],
    ),
  );
  byField.set('ownerId', 'hubspot_owner_id');
  const properties: Record<string, string> = {};
  for (const [field, value] of flatten(record)) {
    if (value === undefined || KEPT_BY_HUBSPOT.includes(field)) continue;
    const property = field.startsWith('custom.') ? field.slice('custom.'.length) : byField.get(field);
    if (property === undefined) throw refuse(entity, field);
    properties[property] = toText(value);
    Object.assign(properties, toCurrency({ entity, field, value }, config));
  }
  return properties;
}

/** Parts of an address and custom fields by their dotted names. */
function flatten(record: Fields): [string, unknown][] {
  return Object.entries(record).flatMap(([field, value]): [string, unknown][] => {
    if (!['address', 'custom'].includes(field) || !isObject(value)) return [[field, value]];
    return Object.entries(value).map(([part, partValue]) => [`${field}.${part}`, partValue]);
  });
}

function toText(value: unknown): string {
  if (value === null) return '';
  if (isObject(value)) return String(value.value);
  return String(value);
}

/** An amount in another currency than HubSpot would take it for must not be written. */
function toCurrency(
  { entity, field, value }: { entity: string; field: string; value: unknown },
  config: HubspotConfig,
): Record<string, string> {
  if (!isObject(value) || typeof value.currency !== 'string') return {};
  const property = CURRENCY_PROPERTIES[entity];
  if (property !== undefined) return { [property]: value.currency };
  if (value.currency === config.currency) return {};
  throw refuseMapping(
    `The field ${entity}.${field} is in another currency than the portal counts in.`,
    'Set `currency` of this connection, and convert the amount to it.',
  );
}

function refuse(entity: string, field: string): Error {
  return refuseMapping(
    `HubSpot has no property to write the field ${entity}.${field} to.`,
    'Leave it out: won and lost are written as `stage`, links not at all.',
  );
}
