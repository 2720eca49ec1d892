import {
  buildEvent,
  eventSubject,
  listStateActions,
  matchesPatterns,
  type EventPattern,
  type MeshEvent,
} from '@crm-mesh/contract';
import type { LedgerEntry } from '@crm-mesh/ledger';
import type { MismatchKind } from '../mismatch.js';

/** What tells a consumer how a record is now. */
export interface RepairEvent {
  event: MeshEvent;
  subject: string;
}

/**
 * The event that makes the consumer's side equal: the record as the ledger has it, or its end. It has the version and id of
 * the record's newest event. Undefined: the ledger was never told of it, or the consumer listens to no action that says it.
 */
export function describeRepair(
  entry: LedgerEntry,
  { kind, events, cause }: { kind: MismatchKind; events: readonly EventPattern[]; cause: string },
): RepairEvent | undefined {
  const { key, version, state, modifiedAtMs, mergedInto, data } = entry;
  if (version === 0) return undefined;
  const record = state === 'erased' || !data ? { id: key.id } : data;
  const action = listActions(entry, kind).find((each) =>
    matchesPatterns(events, eventSubject({ ...key, action: each })),
  );
  if (action === undefined) return undefined;
  const address = { ...key, action };
  const event = buildEvent({
    ...{ address, version, origin: 'repair', time: new Date(modifiedAtMs).toISOString(), record, changes: {} },
    ...{ correlationId: cause, causationId: cause },
    ...(action === 'deleted' && mergedInto !== undefined ? { mergedInto } : {}),
  });
  return { event, subject: eventSubject(address) };
}

/** What is there already is told as `updated` where that is heard: it was created before. */
function listActions({ key, state, data }: LedgerEntry, kind: MismatchKind): string[] {
  if (state !== 'present') return [state];
  const telling = data ? listStateActions(key.entity, data) : [];
  return kind === 'missing' ? telling : ['updated', ...telling];
}
