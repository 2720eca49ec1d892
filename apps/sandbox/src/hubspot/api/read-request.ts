import type { WishedLink } from '../../crm/crm-store.js';
import type { PropertyInput } from '../../crm/check-properties.js';
import { CrmError, invalid } from '../../crm/crm-error.js';
import type { ObjectType } from '../../crm/object-types.js';
import { findLinkFactsById } from '../../crm/association-types.js';
import type { Wishes } from './show-object.js';

export type Json = Readonly<Record<string, unknown>>;
/** Fastify gives a repeated parameter as a list. */
export type Query = Readonly<Record<string, string | string[] | undefined>>;

const LARGEST_BATCH = 100;

export function readJson(body: unknown): Json {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('Invalid input JSON');
  return body as Json;
}

export function readList(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw invalid(`${name} must be a list`);
  return value as unknown[];
}

/** `a,b`, `a&…=b`, or both. */
export function splitNames(value: string | string[] | undefined): string[] {
  const names = [value ?? []].flat().flatMap((text) => text.split(','));
  return names.map((name) => name.trim()).filter((name) => name !== '');
}

export function readWishes(query: Query): Wishes {
  return {
    properties: splitNames(query['properties']),
    propertiesWithHistory: splitNames(query['propertiesWithHistory']),
    associations: splitNames(query['associations']),
  };
}

export function readWishesOfBody(body: Json): Wishes {
  const names = (value: unknown, name: string): string[] =>
    value === undefined || value === null ? [] : readList(value, name).map(String);
  return {
    properties: names(body['properties'], 'properties'),
    propertiesWithHistory: names(body['propertiesWithHistory'], 'propertiesWithHistory'),
    associations: [],
  };
}

/** Up to 100, each an object. */
export function readInputs(body: unknown, largest = LARGEST_BATCH): Json[] {
  const inputs = readList(readJson(body)['inputs'], 'inputs').map(readJson);
  if (inputs.length > largest)
    throw new CrmError(400, 'VALIDATION_ERROR', `A batch must have at most ${largest} inputs`);
  return inputs;
}

export function readProperties(body: Json): PropertyInput {
  return body['properties'] === undefined ? {} : readJson(body['properties']);
}

export function readId(input: Json, name = 'id'): string {
  const id = input[name];
  if (typeof id !== 'string' && typeof id !== 'number') throw invalid(`${name} must be given as text`);
  return String(id);
}

/** `associations` of a create: HubSpot takes the other type from the association type's id. */
export function readWishedLinks(type: ObjectType, body: Json): WishedLink[] {
  if (body['associations'] === undefined || body['associations'] === null) return [];
  return readList(body['associations'], 'associations').map((association) => {
    const { to, types } = readJson(association);
    const typeIds = readTypeIds(types);
    const facts = typeIds.map((typeId) => findLinkFactsById(type, typeId)).find((found) => found !== undefined);
    if (!facts) throw invalid(`Association type id ${typeIds.join(', ')} doesn't exist for ${type}`);
    return { to: { type: facts.to, id: readId(readJson(to)) }, typeIds };
  });
}

export function readTypeIds(types: unknown): number[] {
  return readList(types, 'types').map((type) => Number(readJson(type)['associationTypeId']));
}
