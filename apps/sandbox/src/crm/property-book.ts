import { notFound, CrmError, invalid } from './crm-error.js';
import { isDateProperty, OBJECT_TYPES, type ObjectType } from './object-types.js';
import { OWNERS } from './owners.js';
import { DEAL_PIPELINES } from './pipelines.js';

export interface PropertyOption {
  label: string;
  value: string;
}

/** One property of an object type, as the portal's metadata has it. */
export interface PropertyDefinition {
  name: string;
  label: string;
  type: string;
  fieldType: string;
  groupName: string;
  /** Of an enumeration. */
  options: readonly PropertyOption[];
  /** HubSpot's own, not the portal's. */
  hubspotDefined: boolean;
}

const FIELD_TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'number',
  enumeration: 'select',
  date: 'date',
  datetime: 'date',
  bool: 'booleancheckbox',
};

const toOption = (value: string): PropertyOption => ({ label: value, value });
const OWNER_IDS = OWNERS.map(({ id, firstName, lastName }) => ({ label: `${firstName} ${lastName}`, value: id }));
const DEAL_STAGES = DEAL_PIPELINES.flatMap(({ stages }) => stages.map(({ id, label }) => ({ label, value: id })));
const LIFECYCLE = ['subscriber', 'lead', 'marketingqualifiedlead', 'salesqualifiedlead', 'opportunity', 'customer'];

/** A type, or the options of an enumeration. */
type Shape = string | readonly PropertyOption[];

const COMMON: Readonly<Record<string, Shape>> = {
  createdate: 'datetime',
  hs_createdate: 'datetime',
  hs_lastmodifieddate: 'datetime',
  hs_merged_object_ids: 'string',
  hs_object_id: 'number',
  hubspot_owner_id: OWNER_IDS,
};
const ADDRESS = { address: 'string', city: 'string', zip: 'string', state: 'string', country: 'string' };

const SHAPES: Readonly<Record<ObjectType, Readonly<Record<string, Shape>>>> = {
  contacts: {
    ...ADDRESS,
    associatedcompanyid: 'number',
    email: 'string',
    firstname: 'string',
    hs_additional_emails: 'string',
    hs_lead_status: ['NEW', 'OPEN', 'IN_PROGRESS', 'CONNECTED'].map(toOption),
    jobtitle: 'string',
    lastmodifieddate: 'datetime',
    lastname: 'string',
    lifecyclestage: LIFECYCLE.map(toOption),
    mobilephone: 'string',
    phone: 'string',
  },
  companies: {
    ...ADDRESS,
    annualrevenue: 'number',
    domain: 'string',
    industry: ['BUILDING_MATERIALS', 'GLASS_CERAMICS_CONCRETE', 'MACHINERY', 'FURNITURE', 'WHOLESALE'].map(toOption),
    name: 'string',
    numberofemployees: 'number',
    phone: 'string',
  },
  deals: {
    amount: 'number',
    closed_lost_reason: 'string',
    closedate: 'datetime',
    deal_currency_code: ['EUR', 'USD'].map(toOption),
    dealname: 'string',
    dealstage: DEAL_STAGES,
    hs_deal_stage_probability: 'number',
    hs_is_closed: 'bool',
    hs_is_closed_won: 'bool',
    pipeline: DEAL_PIPELINES.map(({ id, label }) => ({ label, value: id })),
  },
  line_items: {
    amount: 'number',
    hs_product_id: 'number',
    hs_sku: 'string',
    name: 'string',
    price: 'number',
    quantity: 'number',
  },
  products: { description: 'string', hs_sku: 'string', name: 'string', price: 'number' },
  leads: {
    hs_lead_label: ['HOT', 'WARM', 'COLD'].map(toOption),
    hs_lead_name: 'string',
    hs_lead_type: ['NEW_BUSINESS', 'UPSELL'].map(toOption),
  },
};

function describeShape(type: ObjectType, name: string, shape: Shape): PropertyDefinition {
  const valueType = typeof shape === 'string' ? shape : 'enumeration';
  return {
    name,
    label: name,
    type: valueType,
    fieldType: FIELD_TYPES[valueType] ?? 'text',
    groupName: `${type}_information`,
    options: typeof shape === 'string' ? [] : shape,
    hubspotDefined: true,
  };
}

/**
 * Which properties each type has. Values are kept whatever stands here, so that a story may write what it likes; but a
 * property that was removed is not told any more.
 */
export class PropertyBook {
  private readonly byType = new Map(
    OBJECT_TYPES.map((type) => {
      const shapes = Object.entries({ ...COMMON, ...SHAPES[type] });
      return [type, new Map(shapes.map(([name, shape]) => [name, describeShape(type, name, shape)]))];
    }),
  );
  private readonly removed = new Map(OBJECT_TYPES.map((type) => [type, new Map<string, PropertyDefinition>()]));

  /** By name; or those that were removed. */
  list(type: ObjectType, removed = false): PropertyDefinition[] {
    const properties = (removed ? this.removed : this.byType).get(type)?.values() ?? [];
    return [...properties].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  read(type: ObjectType, name: string): PropertyDefinition {
    const found = this.byType.get(type)?.get(name);
    if (!found) throw notFound(name);
    return found;
  }

  isRemoved(type: ObjectType, name: string): boolean {
    return this.removed.get(type)?.has(name) ?? false;
  }

  /** One that was removed comes back by its name. */
  add(type: ObjectType, added: Omit<PropertyDefinition, 'hubspotDefined'>): PropertyDefinition {
    if (this.byType.get(type)?.has(added.name))
      throw new CrmError(409, 'OBJECT_ALREADY_EXISTS', `A property named '${added.name}' already exists.`);
    this.removed.get(type)?.delete(added.name);
    return this.write(type, { ...added, hubspotDefined: false });
  }

  /** Values are not converted. */
  change(type: ObjectType, name: string, changed: Partial<PropertyDefinition>): PropertyDefinition {
    return this.write(type, { ...this.read(type, name), ...changed, name });
  }

  remove(type: ObjectType, name: string): void {
    const property = this.read(type, name);
    if (isDateProperty(name) && name !== 'closedate') throw invalid(`"${name}" cannot be archived`);
    this.byType.get(type)?.delete(name);
    this.removed.get(type)?.set(name, property);
  }

  private write(type: ObjectType, property: PropertyDefinition): PropertyDefinition {
    if (!(property.type in FIELD_TYPES)) throw invalid(`INVALID_TYPE: "${property.type}" is no type of a property`);
    this.byType.get(type)?.set(property.name, property);
    return property;
  }
}
