import type { AnyRecord } from '@crm-mesh/contract';
import type { FieldTimes, LedgerEntry } from '@crm-mesh/ledger';
import type { MappedRecord } from '@crm-mesh/sdk';

type Patch = Extract<MappedRecord, { state: 'present' }>;
type Fields = Record<string, unknown>;

/** Of which a patch tells part by part. */
const PARTED = ['address', 'custom'];

export interface SiftedPatch {
  /** Undefined: all of it is older than what is known. */
  mapped: Patch | undefined;
  /** Undefined: nothing is known newer than it was. */
  fieldTimes: FieldTimes | undefined;
}

/** Patches of different fields may overtake each other: what is left is what no newer statement spoke of. */
export function siftPatch(mapped: Patch, atMs: number, entry: LedgerEntry): SiftedPatch {
  const known = entry.fieldTimes ?? { base: entry.seenAtMs, fields: {} };
  const knownUntil = (field: string): number =>
    Object.hasOwn(known.fields, field) ? known.fields[field]! : known.base;
  const kept = listFields(mapped).filter((field) => atMs >= knownUntil(field));
  if (kept.length === 0) return { mapped: undefined, fieldTimes: undefined };
  const isNew = kept.some((field) => atMs > knownUntil(field));
  const fieldTimes = isNew ? { base: known.base, fields: stamp(kept, atMs) } : undefined;
  return { mapped: keepFields(mapped, new Set(kept)), fieldTimes };
}

/** The times of a record that begins, or begins again, with this patch. */
export function timePatch(mapped: Patch, atMs: number, entry: LedgerEntry | undefined): FieldTimes {
  return { base: entry?.seenAtMs ?? 0, fields: stamp(listFields(mapped), atMs) };
}

function stamp(fields: readonly string[], atMs: number): Record<string, number> {
  return Object.fromEntries(fields.map((field) => [field, atMs]));
}

function listFields({ record, cleared = [] }: Patch): string[] {
  const fields = Object.entries(record).flatMap(([field, value]) =>
    isParted(field, value) ? listParts(field, value) : [field],
  );
  return [...fields.filter((field) => field !== 'id'), ...cleared];
}

function keepFields(mapped: Patch, kept: ReadonlySet<string>): Patch {
  const record: Fields = { id: mapped.record.id };
  for (const [field, value] of Object.entries(mapped.record)) {
    if (isParted(field, value)) {
      const parts = Object.entries(value).filter(([part]) => kept.has(`${field}.${part}`));
      if (parts.length > 0) record[field] = Object.fromEntries(parts);
    } else if (kept.has(field)) record[field] = value;
  }
  return {
    ...mapped,
    record: record as unknown as AnyRecord,
    cleared: mapped.cleared?.filter((field) => kept.has(field)),
  };
}

function isParted(field: string, value: unknown): value is Fields {
  return PARTED.includes(field) && typeof value === 'object' && value !== null;
}

function listParts(field: string, parts: Fields): string[] {
  return Object.keys(parts).map((part) => `${field}.${part}`);
}
