import type { MappedRecord } from '@crm-mesh/sdk';

/** A shorter one may be a token, a key or a thumbnail's name. */
const MIN_CHARACTERS = 16_384;
/** Base64 and its URL form, in lines or in one, maybe as a `data:` URL. Text of people has blanks in so many characters. */
const BINARY = /^(?:data:[^,\s]{0,200},)?[A-Za-z0-9+/_-]+(?:\r?\n[A-Za-z0-9+/_-]+)*={0,2}\s*$/;

export interface WithoutBinaries {
  mapped: MappedRecord;
  /** Fields that were left out. */
  leftOut: string[];
}

/** Attachments and binary fields are no part of events: they stay in the CRM, which the record's id leads to. */
export function leaveOutBinaries(mapped: MappedRecord): WithoutBinaries {
  if (mapped.state !== 'present' || !mapped.record.custom) return { mapped, leftOut: [] };
  const fields = Object.entries(mapped.record.custom);
  const leftOut = fields.filter(([, value]) => isBinary(value)).map(([name]) => `custom.${name}`);
  if (leftOut.length === 0) return { mapped, leftOut };
  const custom = Object.fromEntries(fields.filter(([, value]) => !isBinary(value)));
  return { mapped: { ...mapped, record: { ...mapped.record, custom } }, leftOut };
}

function isBinary(value: unknown): boolean {
  return typeof value === 'string' && value.length >= MIN_CHARACTERS && BINARY.test(value);
}
