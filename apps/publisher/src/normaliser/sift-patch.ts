import type { AnyRecord } from '@crm-mesh/contract';
import { readFieldTime, type FieldTimes, type LedgerEntry } from '@crm-mesh/ledger';
import type { MappedRecord } from '@crm-mesh/sdk';

type Patch = Extract<MappedRecord, { state: 'present' }>;
type Fields = Record<string, unknown>;

/** Of which a patch tells part by part. */
const PARTED = ['address', 'custom'];
/** What an address that is emptied whole has held. */
const ADDRESS_PARTS = ['street', 'city', 'postalCode', 'region', 'country'].map((part) => `address.${part}`);

export interface SiftedPatch {
  /** Undefined: all of it is older than what is known. */
  mapped: Patch | undefined;
  fieldTimes: FieldTimes;
}

/** Patches of different fields may overtake each other: what is left is what no newer statement spoke of. */
export function siftPatch(patch: Patch, atMs: number, entry: LedgerEntry): SiftedPatch {
  const mapped = takeApart(patch);
  const known = entry.fieldTimes ?? { base: entry.seenAtMs, fields: {} };
  const kept = listFields(mapped).filter((field) => atMs >= readFieldTime(known, field));
  return {
    mapped: kept.length === 0 ? undefined : keepFields(mapped, new Set(kept)),
    fieldTimes: { base: known.base, fields: stamp(kept, atMs) },
  };
}

/** The times of a record that begins, or begins again, with this patch. */
export function timePatch(mapped: Patch, atMs: number, entry: LedgerEntry | undefined): FieldTimes {
  return { base: entry?.seenAtMs ?? 0, fields: stamp(listFields(takeApart(mapped)), atMs) };
}

/** What a statement of the whole record says of the fields of one that was told of in patches. */
export function timeWhole(atMs: number, entry: LedgerEntry | undefined): FieldTimes | undefined {
  return entry?.fieldTimes && { base: atMs, fields: {} };
}

/** What says nothing of fields leaves those of a patched record as they are known. */
export function timeNothing(entry: LedgerEntry): FieldTimes | undefined {
  return entry.fieldTimes && { base: entry.fieldTimes.base, fields: {} };
}

function takeApart(mapped: Patch): Patch {
  if (!mapped.cleared?.includes('address')) return mapped;
  return { ...mapped, cleared: mapped.cleared.flatMap((field) => (field === 'address' ? ADDRESS_PARTS : [field])) };
}

function stamp(fields: readonly string[], atMs: number): Record<string, number> {
  return Object.fromEntries(fields.map((field) => [field, atMs]));
}

function listFields({ record, cleared = [], unread = [] }: Patch): string[] {
  const fields = Object.entries(record).flatMap(([field, value]) =>
    isParted(field, value) ? listParts(field, value) : [field],
  );
  return [...fields.filter((field) => field !== 'id'), ...cleared, ...unread.map(({ field }) => field)];
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
    ...(mapped.unread && { unread: mapped.unread.filter(({ field }) => kept.has(field)) }),
  };
}

function isParted(field: string, value: unknown): value is Fields {
  return PARTED.includes(field) && typeof value === 'object' && value !== null;
}

function listParts(field: string, parts: Fields): string[] {
  return Object.keys(parts).map((part) => `${field}.${part}`);
}
