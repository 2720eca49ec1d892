import { isNumberType, type Field, type RecordView, type SObject, type Value } from '../schema/field.js';
import { findField } from '../schema/field-book.js';
import { showUser } from '../schema/users.js';
import { showDate, showTime } from '../times.js';

/** As REST shows it. */
export function readValue(object: SObject, field: Field, view: RecordView): Value {
  if (field.read) return field.read(view);
  if (field.link) return view.linkTo(field.link);
  if (field.type === 'name') return joinName(view);
  if (field.parts) return readAddress(object, field.parts, view);
  return field.property === undefined ? null : convert(field, view.property(field.property));
}

/** The compound field's parts under their own names, as change events have them. */
export function readParts(object: SObject, field: Field, view: RecordView): Record<string, Value> {
  return Object.fromEntries(
    (field.parts ?? []).map(([part, name]) => {
      const found = findField(object, name);
      return [part, found ? readValue(object, found, view) : null];
    }),
  );
}

function convert({ type }: Field, text: string | undefined): Value {
  if (type === 'boolean') return text === 'true';
  if (text === undefined || text === '') return null;
  if (isNumberType(type)) return Number(text);
  if (type === 'date') return showDate(Date.parse(text));
  if (type === 'datetime') return showTime(Date.parse(text));
  if (type === 'reference') return /^\d+$/.test(text) ? showUser(text) : null;
  return text;
}

function joinName(view: RecordView): string | null {
  const names = [view.property('firstname'), view.property('lastname') ?? view.property('hs_lead_name')];
  return names.filter((name) => name !== undefined).join(' ') || null;
}

/** REST's names begin small. Without any part the whole is null. */
function readAddress(object: SObject, parts: NonNullable<Field['parts']>, view: RecordView): Value {
  const values = Object.entries(readParts(object, { name: '', type: 'address', parts }, view));
  if (values.every(([, value]) => value === null)) return null;
  return {
    ...Object.fromEntries(values.map(([part, value]) => [part.charAt(0).toLowerCase() + part.slice(1), value])),
    geocodeAccuracy: null,
    latitude: null,
    longitude: null,
  };
}
