/** One of the lists that a kind of record is spread over. */
export interface List {
  path: string;
  query?: Readonly<Record<string, string>>;
  /** What stands in it is deleted. */
  gone?: true;
  /** It cannot be asked for what changed: only scans go through it. */
  scanOnly?: true;
}

export interface EntityFacts {
  /** Of all of them together each record stands in one. */
  lists: readonly [List, ...List[]];
  /** Where its fields are described. */
  fields: string;
  /** Version 1 of the API has other pages, sorting and single reads. */
  version: 1 | 2;
  /** Whether a list can be asked up to a time. */
  until: boolean;
}

const FACTS = { version: 2, until: true } as const;

export const ENTITIES: Readonly<Record<string, EntityFacts>> = {
  contact: { ...FACTS, lists: [{ path: '/api/v2/persons' }], fields: '/api/v2/personFields' },
  company: { ...FACTS, lists: [{ path: '/api/v2/organizations' }], fields: '/api/v2/organizationFields' },
  deal: {
    ...FACTS,
    lists: [
      { path: '/api/v2/deals' },
      { path: '/api/v2/deals/archived' },
      { path: '/api/v2/deals', query: { status: 'deleted' }, gone: true },
    ],
    fields: '/api/v2/dealFields',
  },
  // Leads inherit the fields of deals.
  lead: {
    version: 1,
    until: false,
    lists: [{ path: '/api/v1/leads' }, { path: '/api/v1/leads/archived', scanOnly: true }],
    fields: '/api/v2/dealFields',
  },
  product: { version: 2, until: false, lists: [{ path: '/api/v2/products' }], fields: '/api/v2/productFields' },
  activity: { ...FACTS, lists: [{ path: '/api/v2/activities' }], fields: '/api/v2/activityFields' },
};

const ENTITY_BY_NAME: Readonly<Record<string, string>> = {
  person: 'contact',
  organization: 'company',
  deal: 'deal',
  lead: 'lead',
  product: 'product',
  activity: 'activity',
};

/** `person` → `contact`, `deal_product` → `custom-deal-product`. Undefined for what is no name. */
export function entityOfName(name: unknown): string | undefined {
  if (typeof name !== 'string' || !/^[a-z0-9_]{1,100}$/.test(name)) return undefined;
  return Object.hasOwn(ENTITY_BY_NAME, name) ? ENTITY_BY_NAME[name] : `custom-${name.replaceAll('_', '-')}`;
}

/** Undefined for what is told by webhooks alone (notes, users, …). */
export function factsOf(entity: string): EntityFacts | undefined {
  return Object.hasOwn(ENTITIES, entity) ? ENTITIES[entity] : undefined;
}
