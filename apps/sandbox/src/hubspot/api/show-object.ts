import { findLinkFacts } from '../../crm/association-types.js';
import type { ObjectRef } from '../../crm/crm-change.js';
import type { CrmObject, HistoryEntry } from '../../crm/crm-object.js';
import type { CrmStore } from '../../crm/crm-store.js';
import { readObjectType, TYPE_FACTS, type ObjectType } from '../../crm/object-types.js';

/** What a read asks for beside the object itself. */
export interface Wishes {
  /** Empty: the type's default ones. */
  properties: readonly string[];
  propertiesWithHistory: readonly string[];
  /** Object types, in any of their spellings. */
  associations: readonly string[];
}

export const NO_WISHES: Wishes = { properties: [], propertiesWithHistory: [], associations: [] };

/** An object as the API tells it. */
export interface ShownObject {
  id: string;
  properties: Record<string, string | null>;
  createdAt: string;
  updatedAt: string;
  archived: boolean;
  archivedAt?: string;
  associations?: Record<string, { results: { id: string; type: string }[] }>;
  propertiesWithHistory?: Record<string, Record<string, unknown>[]>;
}

const toIso = (ms: number): string => new Date(ms).toISOString();

export function showObject(store: CrmStore, object: CrmObject, wishes: Wishes): ShownObject {
  const { id, createdAtMs, updatedAtMs, archivedAtMs } = object;
  const associations = wishes.associations.length > 0 && listAssociations(store, object, wishes.associations);
  const histories = wishes.propertiesWithHistory;
  return {
    id,
    properties: showProperties(store, object, wishes),
    createdAt: toIso(createdAtMs),
    updatedAt: toIso(updatedAtMs),
    archived: archivedAtMs !== undefined,
    ...(archivedAtMs !== undefined && { archivedAt: toIso(archivedAtMs) }),
    ...(associations && Object.keys(associations).length > 0 && { associations }),
    ...(histories.length > 0 && { propertiesWithHistory: showHistories(object, histories) }),
  };
}

/** In alphabetical order; a wished property without a value is null. */
function showProperties(store: CrmStore, object: CrmObject, wishes: Wishes): Record<string, string | null> {
  const { defaultProperties, createdProperty, modifiedProperty } = TYPE_FACTS[object.type];
  const wished = wishes.properties.length > 0 ? wishes.properties : defaultProperties;
  const names = [
    ...new Set([...wished, ...wishes.propertiesWithHistory, createdProperty, modifiedProperty, 'hs_object_id']),
  ];
  const shown = names.filter((name) => !store.properties.isRemoved(object.type, name));
  return Object.fromEntries(shown.sort().map((name) => [name, store.show(object, name)]));
}

function showHistories(object: CrmObject, names: readonly string[]): Record<string, Record<string, unknown>[]> {
  return Object.fromEntries(names.map((name) => [name, (object.history.get(name) ?? []).map(showEntry)]));
}

function showEntry({ value, atMs, actor }: HistoryEntry): Record<string, unknown> {
  return {
    value,
    timestamp: toIso(atMs),
    sourceType: actor.changeSource,
    sourceId: actor.sourceId,
    ...(actor.userId !== undefined && { updatedByUserId: actor.userId }),
  };
}

/** The primary one is told twice, as primary and as one among the others. */
function listAssociations(store: CrmStore, object: CrmObject, names: readonly string[]): ShownObject['associations'] {
  const told = names
    .map(readObjectType)
    .map((type) => [TYPE_FACTS[type].associationKey, { results: listNamedLinks(store, object, type) }] as const);
  return Object.fromEntries(told.filter(([, { results }]) => results.length > 0));
}

/** As version 3 of the API tells links: once for each type, by its name. */
export function listNamedLinks(store: CrmStore, from: ObjectRef, to: ObjectType): { id: string; type: string }[] {
  const [own, other] = [from.type, to].map((type) => TYPE_FACTS[type].associationName.toLowerCase());
  const name = `${own}_to_${other}`;
  const plainName = findLinkFacts(from.type, to)?.primary ? `${name}_unlabeled` : name;
  return store
    .listLinks(from, to)
    .flatMap(({ id, types }) => types.map(({ label }) => ({ id, type: label === null ? plainName : name })));
}
