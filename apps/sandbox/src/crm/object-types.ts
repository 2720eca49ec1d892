import { CrmError } from './crm-error.js';

/** The object types that the sandbox knows, by the name that the API's paths use. */
export const OBJECT_TYPES = ['contacts', 'companies', 'deals', 'line_items', 'products', 'leads'] as const;
export type ObjectType = (typeof OBJECT_TYPES)[number];

export interface TypeFacts {
  typeId: string;
  /** In typed subscriptions: `deal.propertyChange`. Leads have generic ones only. */
  eventName?: string;
  /** In association events: `DEAL_TO_CONTACT`. */
  associationName: string;
  /** The key of `associations` in a record that was asked for with them. */
  associationKey: string;
  createdProperty: 'createdate' | 'hs_createdate';
  /** Contacts are the only ones without the prefix. */
  modifiedProperty: 'lastmodifieddate' | 'hs_lastmodifieddate';
  /** What comes without being asked for. */
  defaultProperties: readonly string[];
}

const COMMON = { createdProperty: 'createdate', modifiedProperty: 'hs_lastmodifieddate' } as const;

export const TYPE_FACTS: Readonly<Record<ObjectType, TypeFacts>> = {
  contacts: {
    ...COMMON,
    typeId: '0-1',
    eventName: 'contact',
    associationName: 'CONTACT',
    associationKey: 'contacts',
    modifiedProperty: 'lastmodifieddate',
    defaultProperties: ['email', 'firstname', 'lastname'],
  },
  companies: {
    ...COMMON,
    typeId: '0-2',
    eventName: 'company',
    associationName: 'COMPANY',
    associationKey: 'companies',
    defaultProperties: ['domain', 'name'],
  },
  deals: {
    ...COMMON,
    typeId: '0-3',
    eventName: 'deal',
    associationName: 'DEAL',
    associationKey: 'deals',
    defaultProperties: ['amount', 'closedate', 'dealname', 'dealstage', 'pipeline'],
  },
  line_items: {
    ...COMMON,
    typeId: '0-8',
    eventName: 'line_item',
    associationName: 'LINE_ITEM',
    associationKey: 'line items',
    defaultProperties: ['amount', 'quantity'],
  },
  products: {
    ...COMMON,
    typeId: '0-7',
    eventName: 'product',
    associationName: 'PRODUCT',
    associationKey: 'products',
    defaultProperties: ['description', 'name', 'price'],
  },
  leads: {
    ...COMMON,
    typeId: '0-136',
    associationName: 'LEAD',
    associationKey: 'leads',
    createdProperty: 'hs_createdate',
    defaultProperties: [],
  },
};

/** `deals`, `deal`, `DEAL` and `0-3` are the same to the API. */
export function readObjectType(name: string): ObjectType {
  const wanted = name.toLowerCase().replaceAll(' ', '_');
  const found = OBJECT_TYPES.find((type) => {
    const { typeId, associationName } = TYPE_FACTS[type];
    return wanted === type || wanted === typeId || wanted === associationName.toLowerCase();
  });
  if (!found) throw new CrmError(400, 'VALIDATION_ERROR', `Unable to infer object type from: ${name}`);
  return found;
}

/** Stored as ISO, told in webhooks as epoch milliseconds. */
const DATE_PROPERTIES = ['closedate', 'createdate', 'hs_createdate', 'lastmodifieddate', 'hs_lastmodifieddate'];

export function isDateProperty(name: string): boolean {
  return DATE_PROPERTIES.includes(name);
}
