/**
 * HubSpot's object types → our entities. What the canonical model does not know becomes a custom record under the
 * type's name: whatever a portal subscribes to is told. An entity never stands for two types, as HubSpot's ids are unique
 * in one type only: so of what people do, tasks alone are `activity`, and notes, meetings, calls and emails are custom.
 */
const ENTITY_BY_TYPE_ID: Readonly<Record<string, string>> = {
  '0-1': 'contact',
  '0-2': 'company',
  '0-3': 'deal',
  '0-5': 'ticket',
  '0-7': 'product',
  '0-8': 'custom-line-item',
  '0-14': 'quote',
  '0-27': 'activity',
  '0-46': 'custom-note',
  '0-47': 'custom-meeting',
  '0-48': 'custom-call',
  '0-49': 'custom-email',
  // Both numbers are found for invoices.
  '0-52': 'invoice',
  '0-53': 'invoice',
  '0-69': 'custom-subscription',
  '0-101': 'payment',
  '0-136': 'lead',
};

/** First words of typed subscriptions (`deal.propertyChange`). */
const ENTITY_BY_NAME: Readonly<Record<string, string>> = {
  contact: 'contact',
  company: 'company',
  deal: 'deal',
  ticket: 'ticket',
  product: 'product',
  line_item: 'custom-line-item',
};

/** What the API calls an entity's objects. */
const PATH_BY_ENTITY: Readonly<Record<string, string>> = {
  contact: 'contacts',
  company: 'companies',
  deal: 'deals',
  product: 'products',
  invoice: 'invoices',
  payment: 'commerce_payments',
  lead: 'leads',
  quote: 'quotes',
  activity: 'tasks',
  ticket: 'tickets',
  'custom-line-item': 'line_items',
  'custom-note': 'notes',
  'custom-meeting': 'meetings',
  'custom-call': 'calls',
  'custom-email': 'emails',
  'custom-subscription': 'subscriptions',
};

/** `0-3` → `deal`; a portal's own type `2-3812` → `custom-2-3812`. Undefined when it is no object type id. */
export function entityOfTypeId(typeId: string): string | undefined {
  if (Object.hasOwn(ENTITY_BY_TYPE_ID, typeId)) return ENTITY_BY_TYPE_ID[typeId];
  return /^\d+-\d+$/.test(typeId) ? `custom-${typeId}` : undefined;
}

/** `deal` → `deal`, `line_item` → `custom-line-item`. Undefined for what is no CRM object (`conversation`). */
export function entityOfName(name: string): string | undefined {
  return Object.hasOwn(ENTITY_BY_NAME, name) ? ENTITY_BY_NAME[name] : undefined;
}

/** The object type as the API's paths name it: `deals`, `2-3812`. */
export function pathOfEntity(entity: string): string {
  return PATH_BY_ENTITY[entity] ?? entity.replace(/^custom-/, '');
}

/** Whether HubSpot has objects of this entity, of which lists can be asked for. */
export function isHubspotEntity(entity: string): boolean {
  return Object.hasOwn(PATH_BY_ENTITY, entity) || /^custom-\d+-\d+$/.test(entity);
}
