import { isWritable, type Field, type SObject } from '../schema/field.js';

export function summarizeObject({ name, label, prefix, type }: SObject, version: string): Record<string, unknown> {
  const isData = type !== undefined;
  const url = `/services/data/${version}/sobjects/${name}`;
  return {
    name,
    label,
    labelPlural: `${label}s`,
    keyPrefix: prefix,
    custom: false,
    createable: isData,
    updateable: isData,
    deletable: isData,
    undeletable: isData,
    mergeable: ['Account', 'Contact', 'Lead'].includes(name),
    queryable: true,
    replicateable: isData,
    retrieveable: true,
    urls: { sobject: url, describe: `${url}/describe`, rowTemplate: `${url}/{ID}` },
  };
}

export function describeObject(object: SObject, version: string): Record<string, unknown> {
  return {
    ...summarizeObject(object, version),
    fields: object.fields.map((field) => describeField(object, field)),
    childRelationships: [],
    recordTypeInfos: [],
  };
}

function describeField(object: SObject, field: Field): Record<string, unknown> {
  const isNumber = ['currency', 'double', 'percent'].includes(field.type);
  const compound = object.fields.find(({ parts }) => parts?.some(([, part]) => part === field.name));
  return {
    name: field.name,
    label: field.name.replace(/__c$/, '').replaceAll(/([a-z])([A-Z])/g, '$1 $2'),
    type: field.type === 'name' ? 'string' : field.type,
    length: isNumber || field.type === 'boolean' ? 0 : 255,
    precision: isNumber ? 18 : 0,
    scale: isNumber ? 2 : 0,
    nillable: !field.isRequired && field.type !== 'boolean' && field.type !== 'id',
    createable: isWritable(field),
    updateable: isWritable(field),
    calculated: false,
    custom: field.name.endsWith('__c'),
    externalId: false,
    filterable: field.type !== 'address',
    sortable: field.type !== 'address',
    compoundFieldName: compound?.name ?? null,
    referenceTo: field.referenceTo ?? [],
    relationshipName: field.referenceTo ? field.name.replace(/Id$/, '') : null,
    picklistValues: (field.values ?? []).map((value) => ({ value, label: value, active: true, defaultValue: false })),
  };
}
