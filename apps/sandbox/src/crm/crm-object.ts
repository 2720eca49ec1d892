import type { Actor, ObjectRef } from './crm-change.js';

export interface HistoryEntry {
  value: string;
  atMs: number;
  actor: Actor;
}

/** What a read shows of an object at one time. */
export interface Snapshot {
  properties: ReadonlyMap<string, string>;
  updatedAtMs: number;
}

/** Property values are text; a property without a value is absent. */
export interface CrmObject extends ObjectRef {
  properties: Map<string, string>;
  /** Newest first, by property. */
  history: Map<string, HistoryEntry[]>;
  createdAtMs: number;
  updatedAtMs: number;
  archivedAtMs?: number;
  /** Of what is gone by a merge: which one stands for it. */
  mergedIntoId?: string;
  /** What the search index still shows while the newest state is not indexed; absent: nothing. */
  indexed?: Snapshot;
}

/** HubSpot keeps the 20 latest values of a contact's property (45 of others; the sandbox does not tell them apart). */
const KEPT_VALUES = 20;

export function writeProperty(object: CrmObject, name: string, entry: HistoryEntry): void {
  if (entry.value === '') object.properties.delete(name);
  else object.properties.set(name, entry.value);
  const history = object.history.get(name) ?? [];
  object.history.set(name, [entry, ...history].slice(0, KEPT_VALUES));
}

/** Search goes on showing the former state, if the index has it already (it has what was there at `indexedUntilMs`). */
export function keepIndexed(object: CrmObject, indexedUntilMs: number): void {
  if (object.updatedAtMs > indexedUntilMs) return;
  object.indexed = { properties: new Map(object.properties), updatedAtMs: object.updatedAtMs };
}
