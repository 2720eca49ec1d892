import type { ObjectType } from '../../crm/object-types.js';
import { multiply } from './numbers.js';
import { customField, derive, pointTo, text, typed, type Field, type RecordView, type SObject } from './field.js';
import { findStage, SALES_STAGES, type SalesStage } from './stages.js';
import { showTime } from '../times.js';

const OUTSIDE = { isOutsideEvents: true };

const HEAD: readonly Field[] = [
  derive('id', 'Id', ({ id }) => id, OUTSIDE),
  derive('boolean', 'IsDeleted', ({ isDeleted }) => isDeleted, OUTSIDE),
];
const MASTER = derive('reference', 'MasterRecordId', ({ masterRecordId }) => masterRecordId, OUTSIDE);
const OWNER = typed('reference', 'OwnerId', 'hubspot_owner_id', { referenceTo: ['User'] });
const CURRENCY = typed('picklist', 'CurrencyIsoCode', 'deal_currency_code');
const TAIL: readonly Field[] = [
  derive('datetime', 'CreatedDate', ({ createdAtMs }) => showTime(createdAtMs)),
  derive('reference', 'CreatedById', ({ createdById }) => createdById, { referenceTo: ['User'] }),
  derive('datetime', 'LastModifiedDate', ({ modifiedAtMs }) => showTime(modifiedAtMs)),
  derive('reference', 'LastModifiedById', ({ modifiedById }) => modifiedById, { referenceTo: ['User'] }),
  derive('datetime', 'SystemModstamp', ({ modifiedAtMs }) => showTime(modifiedAtMs), OUTSIDE),
];

const ADDRESS_PARTS = [
  ['Street', 'address'],
  ['City', 'city'],
  ['State', 'state'],
  ['PostalCode', 'zip'],
  ['Country', 'country'],
] as const;

/** The compound field, and each part as a field of its own. */
function address(prefix: string): Field[] {
  const parts = ADDRESS_PARTS.map(([part]) => [part, `${prefix}${part}`] as const);
  return [
    { name: `${prefix}Address`, type: 'address', parts },
    ...ADDRESS_PARTS.map(([part, property]) => text(`${prefix}${part}`, property, OUTSIDE)),
  ];
}

const PERSON: readonly Field[] = [
  text('LastName', 'lastname', { isRequired: true }),
  text('FirstName', 'firstname'),
  text('Salutation', 'salutation'),
  {
    name: 'Name',
    type: 'name',
    parts: [
      ['Salutation', 'Salutation'],
      ['FirstName', 'FirstName'],
      ['LastName', 'LastName'],
    ],
  },
];

const stageOf = (view: RecordView): SalesStage | undefined =>
  findStage(view.property('pipeline'), view.property('dealstage'));

const OPPORTUNITY: readonly Field[] = [
  pointTo('AccountId', 'companies', 'Account'),
  text('Name', 'dealname', { isRequired: true }),
  typed('textarea', 'Description', 'description'),
  typed('picklist', 'StageName', 'dealstage', {
    isRequired: true,
    read: (view) => stageOf(view)?.apiName ?? null,
    values: SALES_STAGES.map(({ apiName }) => apiName),
  }),
  typed('currency', 'Amount', 'amount'),
  derive('percent', 'Probability', (view) => stageOf(view)?.probability ?? null),
  derive('currency', 'ExpectedRevenue', (view) => {
    const [amount, probability] = [view.property('amount'), stageOf(view)?.probability];
    return amount === undefined || probability === undefined ? null : multiply(amount, String(probability / 100));
  }),
  typed('date', 'CloseDate', 'closedate', { isRequired: true }),
  typed('picklist', 'Type', 'dealtype'),
  text('NextStep', 'hs_next_step'),
  typed('picklist', 'LeadSource', 'lead_source'),
  derive('boolean', 'IsClosed', (view) => stageOf(view)?.isClosed ?? false),
  derive('boolean', 'IsWon', (view) => stageOf(view)?.isWon ?? false),
  derive('picklist', 'ForecastCategory', (view) => stageOf(view)?.forecastCategory ?? null),
  derive('picklist', 'ForecastCategoryName', (view) => stageOf(view)?.forecastCategoryName ?? null),
  OWNER,
];

function describeData(name: string, prefix: string, type: ObjectType, fields: readonly Field[]): SObject {
  return { name, label: name, prefix, type, fields: [...HEAD, ...fields, ...TAIL] };
}

const CONTACT: readonly Field[] = [
  MASTER,
  pointTo('AccountId', 'companies', 'Account'),
  ...PERSON,
  ...address('Mailing'),
  typed('phone', 'Phone', 'phone'),
  typed('phone', 'MobilePhone', 'mobilephone'),
  typed('email', 'Email', 'email'),
  text('Title', 'jobtitle'),
  text('Department', 'department'),
  typed('picklist', 'LeadSource', 'lead_source'),
  typed('textarea', 'Description', 'description'),
  OWNER,
];

const ACCOUNT: readonly Field[] = [
  MASTER,
  text('Name', 'name', { isRequired: true }),
  typed('picklist', 'Type', 'type'),
  ...address('Billing'),
  typed('phone', 'Phone', 'phone'),
  typed('url', 'Website', 'domain'),
  typed('picklist', 'Industry', 'industry'),
  typed('currency', 'AnnualRevenue', 'annualrevenue'),
  typed('int', 'NumberOfEmployees', 'numberofemployees'),
  typed('textarea', 'Description', 'description'),
  OWNER,
];

const LEAD: readonly Field[] = [
  MASTER,
  text('LastName', 'lastname', {
    read: (view) => view.property('lastname') ?? view.property('hs_lead_name') ?? null,
  }),
  ...PERSON.slice(1),
  text('Company', 'company', { isRequired: true }),
  typed('email', 'Email', 'email'),
  typed('phone', 'Phone', 'phone'),
  text('Title', 'jobtitle'),
  typed('picklist', 'Status', 'hs_lead_status', {
    read: (view) => view.property('hs_lead_status') ?? 'Open - Not Contacted',
  }),
  typed('picklist', 'Rating', 'hs_lead_label'),
  typed('boolean', 'IsConverted', 'is_converted'),
  text('ConvertedContactId', 'converted_contact_id'),
  text('ConvertedAccountId', 'converted_account_id'),
  text('ConvertedOpportunityId', 'converted_opportunity_id'),
  OWNER,
];

const LINE_ITEM: readonly Field[] = [
  pointTo('OpportunityId', 'deals', 'Opportunity'),
  text('Name', 'name'),
  text('ProductCode', 'hs_sku'),
  text('Product2Id', 'hs_product_id'),
  typed('double', 'Quantity', 'quantity'),
  typed('currency', 'UnitPrice', 'price'),
  derive('currency', 'TotalPrice', (view) => {
    const price = view.property('price');
    return price === undefined ? null : multiply(price, view.property('quantity') ?? '1');
  }),
  typed('textarea', 'Description', 'description'),
];

const PRODUCT: readonly Field[] = [
  text('Name', 'name', { isRequired: true }),
  text('ProductCode', 'hs_sku'),
  typed('textarea', 'Description', 'description'),
  derive('boolean', 'IsActive', () => true),
];

/** What an org has from the start. `CurrencyIsoCode` is there only in one with several currencies. */
export function listObjects(isMultiCurrency: boolean): SObject[] {
  const currency = isMultiCurrency ? [CURRENCY] : [];
  return [
    describeData('Contact', '003', 'contacts', CONTACT),
    describeData('Account', '001', 'companies', ACCOUNT),
    describeData('Opportunity', '006', 'deals', [...OPPORTUNITY, ...currency, customField('Mesh_Sync_Status__c')]),
    describeData('Lead', '00Q', 'leads', LEAD),
    describeData('OpportunityLineItem', '00k', 'line_items', LINE_ITEM),
    describeData('Product2', '01t', 'products', PRODUCT),
    ...SETUP,
  ];
}

const shown = (type: Field['type'], ...names: string[]): Field[] => names.map((name) => ({ name, type }));

/** Their rows are not of the core: `set-up-rows.ts` makes them. */
const SETUP: readonly SObject[] = [
  {
    name: 'User',
    label: 'User',
    prefix: '005',
    fields: [
      ...shown('id', 'Id'),
      ...shown('string', 'FirstName', 'LastName', 'Name', 'Email', 'Username'),
      ...shown('boolean', 'IsActive'),
    ],
  },
  {
    name: 'OpportunityStage',
    label: 'Opportunity Stage',
    prefix: '01J',
    fields: [
      ...shown('id', 'Id'),
      ...shown('string', 'MasterLabel', 'ApiName', 'ForecastCategory', 'ForecastCategoryName'),
      ...shown('boolean', 'IsClosed', 'IsWon', 'IsActive'),
      ...shown('percent', 'DefaultProbability'),
      ...shown('int', 'SortOrder'),
    ],
  },
  {
    name: 'Organization',
    label: 'Organization',
    prefix: '00D',
    fields: [...shown('id', 'Id'), ...shown('string', 'Name', 'InstanceName'), ...shown('boolean', 'IsSandbox')],
  },
];
