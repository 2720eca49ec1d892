import { hashContent } from '@crm-mesh/contract';
import type { LedgerEntry } from '@crm-mesh/ledger';
import type { CrmSight } from '@crm-mesh/reconciliation';
import type { MappedRecord, NotificationDraft, SourceContext } from '@crm-mesh/sdk';
import { classifyError } from '@crm-mesh/sdk/running';
import { applyPatch } from '@crm-mesh/sources';
import type { Connection } from '../../connections/connections.js';
import { applyMapping } from '../../normaliser/apply-mapping.js';
import { leaveOutBinaries } from '../../normaliser/leave-out-binaries.js';
import { toNotification } from '../../notifications/to-message.js';

interface Shown {
  connection: Connection;
  context: SourceContext;
  draft: NotificationDraft;
  /** What the ledger holds: a patch says something of that alone. */
  entry: LedgerEntry | undefined;
  /** When the CRM was asked. */
  readMs: number;
}

/** What a row of a scan shows: its version alone, or all of the record where the row carries it. */
export async function readSight(shown: Shown): Promise<CrmSight> {
  const { connection, draft } = shown;
  const version: CrmSight = { isGone: draft.change === 'deleted', modifiedAtMs: parseTime(draft.modifiedAt) };
  const isWhole = draft.fetched !== undefined || !connection.source.fetch;
  if (!isWhole || version.isGone) return version;
  const mapped = await tryMapping(shown);
  if (!mapped) return version;
  if (mapped.state !== 'present') return { ...version, isGone: true };
  const { entity } = draft;
  const known = shown.entry?.state === 'present' ? shown.entry.data : undefined;
  const hash = hashContent(applyPatch(entity, known, mapped));
  const statedAtMs = parseTime(mapped.modifiedAt ?? mapped.record.modifiedAt);
  return { ...version, ...(statedAtMs !== undefined && { statedAtMs }), hash };
}

/** What cannot be mapped, now or ever, is told by its time alone: it is parked or lies among the dead letters, or will. */
async function tryMapping({ connection, context, draft, readMs }: Shown): Promise<MappedRecord | undefined> {
  const receivedAt = new Date(readMs).toISOString();
  const notification = toNotification(draft, connection, { origin: 'repair', verifiedBy: 'scan', receivedAt });
  try {
    return leaveOutBinaries(await applyMapping(connection, { notification, fetched: draft.fetched }, context)).mapped;
  } catch (error) {
    // A CRM that does not answer says nothing of a record.
    if (!['failed', 'permanent', 'retry-later'].includes(classifyError(error).kind)) throw error;
    const { entity, id } = draft;
    context.log.warn({ err: error, entity, id }, 'a record cannot be mapped, and is compared by its time alone');
    return undefined;
  }
}

function parseTime(text: string | undefined): number | undefined {
  const timeMs = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isFinite(timeMs) ? timeMs : undefined;
}
