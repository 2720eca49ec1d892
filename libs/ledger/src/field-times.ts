/** Up to when each field is known, epoch milliseconds: a late patch still tells of the fields that no newer one did. */
export interface FieldTimes {
  /** Of the fields that are not named. */
  base: number;
  /** By field; parts of an address or of `custom` as `custom.<name>`. */
  fields: Readonly<Record<string, number>>;
}

/** On an event that was told in a patch. Beside the event, as it is the ledger's own; in the log, as that must suffice. */
export const FIELD_TIMES_HEADER = 'Crm-Field-Times';

export function readFieldTime({ base, fields }: FieldTimes, field: string): number {
  return Object.hasOwn(fields, field) ? fields[field]! : base;
}

/** Of each field the later time; `known` itself when nothing in `said` is later. */
export function mergeFieldTimes(known: FieldTimes | undefined, said: FieldTimes): FieldTimes {
  if (!known) return said;
  const names = [...new Set([...Object.keys(known.fields), ...Object.keys(said.fields)])];
  const isKnown =
    said.base <= known.base && names.every((name) => readFieldTime(said, name) <= readFieldTime(known, name));
  if (isKnown) return known;
  const base = Math.max(known.base, said.base);
  const times = names.map((name) => [name, Math.max(readFieldTime(known, name), readFieldTime(said, name))] as const);
  return { base, fields: Object.fromEntries(times) };
}

/** Headers go as UTF-8 and may hold no line break: JSON with everything beyond ASCII escaped is safe. */
export function encodeFieldTimes(times: FieldTimes): string {
  return JSON.stringify(times).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

export function decodeFieldTimes(text: string): FieldTimes {
  return JSON.parse(text) as FieldTimes;
}
