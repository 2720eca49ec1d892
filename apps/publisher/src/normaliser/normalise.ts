import {
  formatRecordKey,
  MeshError,
  notificationMessageId,
  type MeshErrorCode,
  type Notification,
} from '@crm-mesh/contract';
import { parseNotification } from '@crm-mesh/contract/checking';
import { describeError, type HandlerRun, type Outcome, type RunHandler } from '@crm-mesh/delivery';
import { PublishError } from '@crm-mesh/jetstream';
import { PermanentError, type MappedRecord } from '@crm-mesh/sdk';
import { classifyError } from '@crm-mesh/sdk/running';
import { gatherNotifications, leaveOutUnread } from '@crm-mesh/sources';
import type { Connection, Connections } from '../connections/connections.js';
import { applyMapping } from './apply-mapping.js';
import { NotLeading, type EventWriter } from './event-writer.js';
import { leaveOutBinaries } from './leave-out-binaries.js';
import type { NormaliserCounts } from './normaliser-counts.js';
import type { PayloadWatch } from '../schema/payload-watch.js';
import type { UnreadFields } from '../schema/unread-fields.js';

/** When JetStream refuses or is away: the next try. */
const RETRY_PUBLISH_MS = 1_000;
/** No retry mends these: a mapping, a configuration or a sender has to change first. */
const PERMANENT: readonly MeshErrorCode[] = [
  'MESH_CONNECTION_UNKNOWN',
  'MESH_EVENT_INVALID',
  'MESH_ID_EMPTY',
  'MESH_ID_TOO_LONG',
  'MESH_ID_UNSUPPORTED',
  'MESH_MAPPING_INVALID',
  'MESH_NOTIFICATION_INVALID',
];

export interface NormaliseOptions {
  connections: Connections;
  writer: Pick<EventWriter, 'write'>;
  counts: NormaliserCounts;
  unread: Pick<UnreadFields, 'note'>;
  payloads: Pick<PayloadWatch, 'look'>;
  /** CRM_EVENTS was made anew: the ledger must begin again. */
  onLogReplaced(): void;
}

/** The normaliser's handler: notifications of one record in, at most one event each out. */
export function createNormalise(options: NormaliseOptions): RunHandler {
  return async (input, run) => {
    try {
      const gathered = input.items.map(({ data }) => parseNotification(data));
      const sequences = input.items.flatMap(({ stream, sequence }) => (stream === 'CRM_RAW' ? [sequence] : []));
      await normaliseRecord({ gathered, sequences }, options, run);
      options.counts.countNormalised(gathered);
      return { kind: 'done' };
    } catch (error) {
      if (error instanceof MeshError && error.code === 'MESH_LEDGER_LOG_REPLACED') options.onLogReplaced();
      return describeOutcome(error, run.signal);
    }
  };
}

async function normaliseRecord(
  { gathered, sequences }: { gathered: Notification[]; sequences: number[] },
  options: NormaliseOptions,
  run: HandlerRun,
): Promise<void> {
  const [first, ...rest] = gathered;
  if (!first) return;
  const connection = options.connections.find(first.tenant, first.connection);
  if (!connection) {
    throw new MeshError('MESH_CONNECTION_UNKNOWN', `No connection ${first.tenant}/${first.connection} is configured.`);
  }
  // A fetched record is the newest state whatever the signs say; fat ones may each say something of their own.
  const steps = connection.source.fetch ? [gatherNotifications([first, ...rest])] : gathered;
  for (const notification of steps) {
    const fetched = await readObject(connection, notification, run);
    // Before it is mapped: what cannot be mapped is worth a look most of all.
    options.payloads.look(connection, notification, fetched);
    const said = await mapNotification(connection, { notification, fetched }, run);
    const { mapped: told, leftOut } = leaveOutBinaries(said);
    if (leftOut.length > 0)
      connection.context.log.warn({ record: formatRecordKey(notification), leftOut }, 'binary fields were left out');
    const mapped = leaveOutUnread(notification.entity, told);
    if (mapped.state === 'present' && mapped.unread)
      options.unread.note(connection, notification.entity, mapped.unread);
    const standsFor = steps.length < sequences.length ? { gathered: sequences } : {};
    await options.writer.write({ notification, mapped, isRead: fetched !== undefined, ...standsFor });
  }
}

/** The CRM's object: what the sign carries (a row of a poll), else what the CRM answers now. */
async function readObject(
  { source, loadRecord }: Connection,
  { entity, id, change, fetched }: Notification,
  run: HandlerRun,
): Promise<unknown> {
  // Nothing is left to read of a record that was erased.
  if (fetched !== undefined || !source.fetch || change === 'erased') return fetched;
  const read = await loadRecord(entity, id);
  // Asked for only here: a signal costs as much as the mapping of a few fields.
  run.signal.throwIfAborted();
  return read;
}

async function mapNotification(
  connection: Connection,
  input: { notification: Notification; fetched: unknown },
  run: HandlerRun,
): Promise<MappedRecord> {
  try {
    return await applyMapping(connection, input);
  } catch (error) {
    throw classifyError(error, run.signal).kind === 'failed' ? refuseMapping(error, input.notification) : error;
  }
}

function refuseMapping(error: unknown, notification: Notification): PermanentError {
  const message = error instanceof Error ? error.message : String(error);
  return new PermanentError(`${message} (notification ${notificationMessageId(notification)})`, { cause: error });
}

function describeOutcome(error: unknown, signal: AbortSignal): Outcome {
  if (error instanceof NotLeading) return { kind: 'interrupted' };
  const info = describeError(error);
  if (error instanceof PublishError) {
    if (error.retryClass === 'permanent') return { kind: 'permanent', error: info };
    return { kind: 'unavailable', retryAfterMs: RETRY_PUBLISH_MS, error: info };
  }
  if (error instanceof MeshError && PERMANENT.includes(error.code)) return { kind: 'permanent', error: info };
  if (error instanceof MeshError && UNAVAILABLE.includes(error.code)) {
    return { kind: 'unavailable', retryAfterMs: RETRY_PUBLISH_MS, error: info };
  }
  const verdict = classifyError(error, signal);
  return verdict.kind === 'done' || verdict.kind === 'interrupted' ? verdict : { ...verdict, error: info };
}

/** Nothing is wrong with the notification. */
const UNAVAILABLE: readonly MeshErrorCode[] = [
  'MESH_LEDGER_LOG_REPLACED',
  'MESH_NATS_NO_ANSWER',
  'MESH_NATS_UNAVAILABLE',
  'MESH_STORE_UNAVAILABLE',
];
