import { findLinkFacts } from '../../crm/association-types.js';
import type { Actor, CrmChange } from '../../crm/crm-change.js';
import type { CrmObject } from '../../crm/crm-object.js';
import { readParts, readValue } from '../rows/read-value.js';
import type { Records } from '../rows/records.js';
import type { Field, RecordView, SObject, Value } from '../schema/field.js';
import { userOf } from '../schema/users.js';
import type { ChangeDraft, ChangeType } from './change-event.js';

export interface DraftContext {
  object: SObject;
  records: Records;
  /** As it is now; undefined: it is gone. */
  found: CrmObject | undefined;
  id: string;
}

/** Who changed it by what: set for API and Lightning. */
export function originOf({ changeSource, sourceId }: Actor): string {
  if (changeSource === 'CRM_UI') return 'com/salesforce/api/soap/66.0;client=SfdcInternalAPI/';
  return sourceId === '' ? 'com/salesforce/api/rest/66.0' : `com/salesforce/api/rest/66.0;client=${sourceId}/`;
}

/** Header only. */
export function draftBare(changeType: ChangeType, { object, id }: DraftContext, actor: Actor): ChangeDraft {
  return {
    entityName: object.name,
    changeType,
    recordIds: [id],
    changeOrigin: originOf(actor),
    commitUser: userOf(actor),
    changedFields: [],
    nulledFields: [],
    values: {},
  };
}

/** The whole record. */
export function draftWhole(changeType: ChangeType, context: DraftContext, actor: Actor): ChangeDraft {
  const { object, records, found } = context;
  const draft = draftBare(changeType, context, actor);
  if (!found) return draft;
  const view = records.view(found);
  const values = listEventFields(object).map((field) => [field.name, readEventValue(object, field, view)] as const);
  return { ...draft, values: Object.fromEntries(values.filter(([, value]) => value !== null)) };
}

/** The fields that differ from before these changes; links and properties that Salesforce has no field for are none. */
export function listChanged({ object, records, found }: DraftContext, changes: readonly CrmChange[]): Changed[] {
  if (!found) return [];
  const [now, before] = [records.view(found), records.view(found, formerProperties(found, changes))];
  return listEventFields(object).flatMap((field) => compareField(field, { object, now, before, changes }));
}

export function draftUpdate(context: DraftContext, changed: readonly Changed[], actor: Actor): ChangeDraft {
  const { object, records, found } = context;
  const draft = draftBare('UPDATE', context, actor);
  if (!found) return draft;
  const view = records.view(found);
  const audit = listEventFields(object).filter(({ name }) => name.startsWith('LastModified'));
  const all = [...changed, ...audit.map((field) => ({ name: field.name, value: readValue(object, field, view) }))];
  return {
    ...draft,
    changedFields: all.map(({ name }) => name),
    nulledFields: all.filter(({ value }) => value === null).map(({ name }) => name),
    values: gatherValues(all),
  };
}

export function listEventFields({ fields }: SObject): Field[] {
  return fields.filter(({ isOutsideEvents }) => !isOutsideEvents);
}

export interface Changed {
  /** With a dot: the part of a compound field. */
  name: string;
  value: Value;
}

interface Comparison {
  object: SObject;
  now: RecordView;
  before: RecordView;
  changes: readonly CrmChange[];
}

function compareField(field: Field, { object, now, before, changes }: Comparison): Changed[] {
  if (/^(Created|LastModified)/.test(field.name)) return [];
  if (field.parts) {
    const [parts, former] = [readParts(object, field, now), readParts(object, field, before)];
    const differing = Object.entries(parts).filter(([part, value]) => former[part] !== value);
    return differing.map(([part, value]) => ({ name: `${field.name}.${part}`, value }));
  }
  const value = readValue(object, field, now);
  const differs = field.link ? isLinkChanged(field, value, changes) : value !== readValue(object, field, before);
  return differs ? [{ name: field.name, value }] : [];
}

/** Links of the core are many, and one of them is the lookup: only that one counts. */
function isLinkChanged({ link }: Field, value: Value, changes: readonly CrmChange[]): boolean {
  return changes.some((change) => {
    if (change.kind !== 'associationChange' || change.to.type !== link) return false;
    const hasPrimary = findLinkFacts(change.type, link)?.primary !== undefined;
    return change.primary || !hasPrimary || value === null;
  });
}

function formerProperties(found: CrmObject, changes: readonly CrmChange[]): Map<string, string> {
  const former = new Map(found.properties);
  const counts = new Map<string, number>();
  for (const change of changes) {
    if (change.kind === 'propertyChange') counts.set(change.property, (counts.get(change.property) ?? 0) + 1);
  }
  for (const [property, count] of counts) {
    const value = found.history.get(property)?.[count]?.value ?? '';
    if (value === '') former.delete(property);
    else former.set(property, value);
  }
  return former;
}

function gatherValues(changed: readonly Changed[]): Record<string, Value> {
  const values: Record<string, Value> = {};
  for (const { name, value } of changed) {
    const [field = '', part] = name.split('.');
    if (part === undefined) values[field] = value;
    else values[field] = { ...(values[field] as Record<string, Value> | undefined), [part]: value };
  }
  return values;
}

/** A compound field without any part is null. */
function readEventValue(object: SObject, field: Field, view: RecordView): Value {
  if (!field.parts) return readValue(object, field, view);
  const parts = readParts(object, field, view);
  return Object.values(parts).every((value) => value === null) ? null : parts;
}
