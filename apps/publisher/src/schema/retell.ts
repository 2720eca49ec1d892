import type { RetellAnswer } from '@crm-mesh/control';
import { randomUUID } from 'node:crypto';
import { auditSubject, MeshError, rawSubject, type Notification, type RecordKey } from '@crm-mesh/contract';
import { parseNotification } from '@crm-mesh/contract/checking';
import { isClaimed, type Nats } from '@crm-mesh/jetstream';
import type { Ledger, UnreadRecord } from '@crm-mesh/ledger';
import type { Connection, Connections } from '../connections/connections.js';
import { toMessage } from '../notifications/to-message.js';

export interface RetellOptions {
  nats: Nats;
  ledger: Pick<Ledger, 'readUnread'>;
  connections: Connections;
  now(): number;
}

export interface RetellRequest {
  tenant: string;
  connection: string;
  /** Absent: all. */
  entity?: string | undefined;
  /** Only records of which this field could not be read; absent: any. */
  field?: string | undefined;
  by: string;
  /** As the last answer had it; absent: from the first. */
  after?: Pick<RecordKey, 'entity' | 'id'> | undefined;
}

/** One answer's worth: well within the time that whoever asks waits. */
const PAGE = 200;

/**
 * Sends records of which something could not be read through the normaliser again, as repairs: what the mapping reads by now
 * is told, and what it does not stays marked. Page by page, as `after` says.
 */
export async function retellUnread(options: RetellOptions, request: RetellRequest): Promise<RetellAnswer> {
  const { connections, ledger, nats } = options;
  const { tenant, connection: name, entity, field, after, by } = request;
  const connection = connections.find(tenant, name);
  if (!connection) throw new MeshError('MESH_CONNECTION_UNKNOWN', `There is no connection ${tenant}/${name}.`);
  const found = await ledger.readUnread({ tenant, connection: name, entity, after, limit: PAGE });
  const marked = found.filter(({ fields }) => field === undefined || fields.includes(field));
  const signs = await Promise.all(marked.map((record) => findSigns(options, connection, record)));
  const messages = signs.flat().map((sign) => toMessage(sign, `${sign.entity} ${sign.id}`, nats));
  // In this order: what is said of one record in several patches is said again as it was.
  await Promise.all(messages.map((message) => nats.publish(message)));
  const untold = signs.filter((own) => own.length === 0).length;
  const answer = { retold: marked.length - untold, untold };
  if (marked.length > 0) await audit(options, `${tenant}/${name}`, { by, entity, field, ...answer });
  const last = found.at(-1)?.key;
  return found.length < PAGE || !last ? answer : { ...answer, after: { entity: last.entity, id: last.id } };
}

/** What makes the normaliser look at the record again. Without a way to ask the CRM, what the CRM has said itself. */
async function findSigns(
  { nats, now }: RetellOptions,
  { source }: Connection,
  { key, fields }: UnreadRecord,
): Promise<Notification[]> {
  const told = { origin: 'repair' as const, dedupeKey: `retell:${randomUUID()}` };
  if (source.fetch) {
    const sign = { change: 'unknown' as const, receivedAt: new Date(now()).toISOString(), verifiedBy: 'retell' };
    return [{ ...key, ...sign, ...told, payload: { retell: fields } }];
  }
  const signs: Notification[] = [];
  for await (const { data } of nats.readStream('CRM_RAW', { fromSequence: 1, filterSubject: rawSubject(key) })) {
    const whole = isClaimed(data) ? await nats.readClaim(data) : data;
    // With the time at which it came: a sign that is older than what is known stays older.
    if (whole) signs.push({ ...parseNotification(whole), ...told, dedupeKey: `${told.dedupeKey}:${signs.length}` });
  }
  return signs;
}

async function audit({ nats, now }: RetellOptions, connection: string, what: object): Promise<void> {
  const at = new Date(now()).toISOString();
  const payload = JSON.stringify({ at, did: 'retold', connection, ...what });
  await nats.publish({
    subject: auditSubject('schema', connection),
    payload,
    messageId: `audit:retell:${randomUUID()}`,
  });
}
