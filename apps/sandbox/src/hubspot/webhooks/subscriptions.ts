import type { CrmChange } from '../../crm/crm-change.js';
import { TYPE_FACTS, type ObjectType } from '../../crm/object-types.js';

/** What an app asked HubSpot to be told. Typed: `deal.creation`; generic: `object.creation` with an objectTypeId. */
export interface Subscription {
  id: number;
  eventType: string;
  objectTypeId?: string;
  /** Of a propertyChange. */
  propertyName?: string;
}

const FIRST_ID = 3_104_821;
const KINDS = ['creation', 'deletion', 'merge', 'restore', 'propertyChange', 'associationChange'] as const;

/** What is watched unless the options say otherwise. Line items are not: what a deal's lines are comes with the deal. */
const WATCHED: Readonly<Partial<Record<ObjectType, readonly string[]>>> = {
  contacts: [
    'email',
    'firstname',
    'lastname',
    'phone',
    'mobilephone',
    'jobtitle',
    'lifecyclestage',
    'hs_lead_status',
    'hubspot_owner_id',
    'city',
  ],
  companies: [
    'name',
    'domain',
    'annualrevenue',
    'industry',
    'numberofemployees',
    'city',
    'country',
    'hubspot_owner_id',
  ],
  deals: [
    'dealname',
    'amount',
    'deal_currency_code',
    'dealstage',
    'pipeline',
    'closedate',
    'hubspot_owner_id',
    'closed_lost_reason',
  ],
  products: ['name', 'price', 'hs_sku', 'description'],
  leads: ['hs_lead_name', 'hs_lead_type', 'hs_lead_label', 'hubspot_owner_id'],
};

export function listDefaultSubscriptions(): Subscription[] {
  const wanted = Object.entries(WATCHED).flatMap(([type, properties]) => describeType(type as ObjectType, properties));
  return wanted.map((subscription, index) => ({ id: FIRST_ID + index, ...subscription }));
}

function describeType(type: ObjectType, properties: readonly string[]): Omit<Subscription, 'id'>[] {
  const { eventName, typeId } = TYPE_FACTS[type];
  const family = eventName ?? 'object';
  const objectTypeId = eventName ? {} : { objectTypeId: typeId };
  return [
    ...KINDS.filter((kind) => kind !== 'propertyChange').map((kind) => ({
      eventType: `${family}.${kind}`,
      ...objectTypeId,
    })),
    ...(type === 'contacts' ? [{ eventType: 'contact.privacyDeletion' }] : []),
    ...properties.map((propertyName) => ({ eventType: `${family}.propertyChange`, ...objectTypeId, propertyName })),
  ];
}

export function matchesSubscription(subscription: Subscription, change: CrmChange): boolean {
  const { eventName, typeId } = TYPE_FACTS[change.type];
  const [family = '', kind] = subscription.eventType.split('.');
  if (kind !== change.kind) return false;
  if (family === 'object' ? subscription.objectTypeId !== typeId : family !== eventName) return false;
  return change.kind !== 'propertyChange' || subscription.propertyName === change.property;
}
