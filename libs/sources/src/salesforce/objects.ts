import type { SalesforceConfig } from './config.js';

interface ObjectMapping {
  entity: string;
  /** Salesforce's field → canonical field. */
  fields: Readonly<Record<string, string>>;
  /** Read for what they tell of the record; they are no fields by themselves. */
  silent?: readonly string[];
}

const address = (prefix: string): Record<string, string> => ({
  [`${prefix}Street`]: 'address.street',
  [`${prefix}City`]: 'address.city',
  [`${prefix}PostalCode`]: 'address.postalCode',
  [`${prefix}State`]: 'address.region',
  // Free text, unless the organisation has country picklists: then the code stands beside it.
  [`${prefix}Country`]: 'address.country',
  [`${prefix}CountryCode`]: 'address.country',
});

/** What the canonical model knows. Each other object becomes a custom record under its name. */
const OBJECTS: Readonly<Record<string, ObjectMapping>> = {
  Contact: {
    entity: 'contact',
    fields: {
      Name: 'name',
      FirstName: 'firstName',
      LastName: 'lastName',
      Email: 'email',
      Phone: 'phone',
      MobilePhone: 'mobilePhone',
      Title: 'jobTitle',
      AccountId: 'companyId',
      ...address('Mailing'),
    },
  },
  Account: {
    entity: 'company',
    fields: {
      Name: 'name',
      Website: 'website',
      Industry: 'industry',
      Phone: 'phone',
      AnnualRevenue: 'annualRevenue',
      NumberOfEmployees: 'employeeCount',
      ParentId: 'parentId',
      ...address('Billing'),
    },
  },
  Lead: {
    entity: 'lead',
    fields: {
      Name: 'name',
      FirstName: 'firstName',
      LastName: 'lastName',
      Company: 'companyName',
      Email: 'email',
      Phone: 'phone',
      Status: 'status',
      IsConverted: 'converted',
      ConvertedContactId: 'convertedContactId',
      ConvertedAccountId: 'convertedCompanyId',
      ConvertedOpportunityId: 'convertedDealId',
    },
  },
  Opportunity: {
    entity: 'deal',
    fields: {
      Name: 'name',
      Amount: 'amount',
      StageName: 'stage',
      RecordTypeId: 'pipeline',
      Probability: 'probability',
      CloseDate: 'closeDate',
      AccountId: 'companyId',
    },
    silent: ['IsClosed', 'IsWon'],
  },
  Product2: {
    entity: 'product',
    fields: { Name: 'name', ProductCode: 'sku', Description: 'description', IsActive: 'active' },
  },
  Quote: {
    entity: 'quote',
    fields: {
      Name: 'name',
      QuoteNumber: 'number',
      Status: 'statusName',
      GrandTotal: 'total',
      ExpirationDate: 'expiresAt',
      OpportunityId: 'dealId',
      AccountId: 'companyId',
      ContactId: 'contactIds',
    },
  },
  Task: {
    entity: 'activity',
    fields: {
      Subject: 'name',
      Description: 'description',
      Status: 'status',
      Priority: 'priority',
      IsClosed: 'done',
      ActivityDate: 'dueAt',
      TaskSubtype: 'kindName',
      AccountId: 'companyId',
    },
    silent: ['WhoId', 'WhatId'],
  },
  Event: {
    entity: 'activity',
    fields: {
      Subject: 'name',
      Description: 'description',
      StartDateTime: 'startsAt',
      EndDateTime: 'endsAt',
      EventSubtype: 'kindName',
      AccountId: 'companyId',
    },
    silent: ['WhoId', 'WhatId'],
  },
};

/** On every record, where the object has them. */
const ALWAYS = ['Id', 'OwnerId', 'CreatedDate', 'SystemModstamp', 'CurrencyIsoCode'];
/** What a record without a mapping is called by. */
const CUSTOM: Readonly<Record<string, string>> = { Name: 'name' };
/** What stands in a row besides its fields. */
const NO_FIELDS = ['attributes', 'OpportunityLineItems', 'IsDeleted'];

/** Two objects that are one entity are told apart by the first three characters of their ids. */
const PREFIXES: Readonly<Record<string, string>> = { '00T': 'Task', '00U': 'Event' };

/** `Account` → `company`, `My_Object__c` → `custom-my_object__c`. */
export function entityOf(object: string): string {
  return Object.hasOwn(OBJECTS, object) ? OBJECTS[object]!.entity : `custom-${object.toLowerCase()}`;
}

/** The objects that an entity stands for; with an id the one that it is of. */
export function objectsOf(entity: string, config: SalesforceConfig): string[] {
  const known = Object.keys(OBJECTS).filter((object) => entityOf(object) === entity);
  if (known.length > 0) return known;
  const configured = config.objects.filter((object) => entityOf(object) === entity);
  // Salesforce reads names of objects in any case.
  return configured.length > 0 ? configured : [entity.replace(/^custom-/, '')];
}

/** The object that a record is of. */
export function objectOf(entity: string, id: string, config: SalesforceConfig): string {
  const objects = objectsOf(entity, config);
  return objects.find((object) => object === PREFIXES[id.slice(0, 3)]) ?? objects[0]!;
}

/** The objects of an entity that this connection polls and scans. */
export function configuredObjectsOf(entity: string, config: SalesforceConfig): string[] {
  return config.objects.filter((object) => entityOf(object) === entity);
}

/** Entities that this connection polls and scans. */
export function listEntities(config: SalesforceConfig): string[] {
  return [...new Set(config.objects.map(entityOf))];
}

/** Salesforce's field → canonical field. */
export function fieldsOf(object: string): Readonly<Record<string, string>> {
  return OBJECTS[object]?.fields ?? CUSTOM;
}

/** What is wanted of an object; whether it has it, its metadata says. */
export function listWanted(object: string, config: SalesforceConfig): string[] {
  const names = [
    ...ALWAYS,
    ...Object.keys(fieldsOf(object)),
    ...(OBJECTS[object]?.silent ?? []),
    ...(config.customFields[entityOf(object)] ?? []),
  ];
  return [...new Set(names)];
}

/** Whether it is told by something else than a field of its own. */
export function isSilent(object: string, field: string): boolean {
  return [...ALWAYS, ...NO_FIELDS, ...(OBJECTS[object]?.silent ?? [])].includes(field);
}
