import { findMisfits } from '@crm-mesh/contract/checking';
import type { MappedRecord, UnreadField } from '@crm-mesh/sdk';
import { getProperty } from 'dot-prop';
import { leaveOutFields } from './unreadable.js';

/**
 * What was mapped, without the fields that would cost the whole record: `unread` names all of them. What the source could not
 * read counts no more where the connection's own mapping has found a value since.
 */
export function leaveOutUnread(entity: string, mapped: MappedRecord): MappedRecord {
  if (mapped.state !== 'present') return mapped;
  const { unread: before = [], ...rest } = mapped;
  // What is unread is not for a mapping to say.
  const { unread: _, ...record } = mapped.record as unknown as Record<string, unknown>;
  const isMended = ({ field }: UnreadField): boolean => getProperty(record, field) !== undefined;
  const misfits = findMisfits(entity, record);
  const unread = [...before.filter((field) => !isMended(field)), ...misfits];
  const left = leaveOutFields(record, new Set(misfits.map(({ field }) => field)));
  return { ...rest, record: left, ...(unread.length > 0 && { unread }) };
}
