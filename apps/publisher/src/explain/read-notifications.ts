import {
  formatRecordKey,
  listRecordFilters,
  notificationMessageId,
  type Notification,
  type RecordKey,
} from '@crm-mesh/contract';
import { parseNotification } from '@crm-mesh/contract/checking';
import type { ToldNotification } from '@crm-mesh/control';
import { readNewest, traceConsumer, type ConsumerTrace, type RecordTrail } from '@crm-mesh/delivery';
import { isClaimed, type Nats, type StoredMessage } from '@crm-mesh/jetstream';
import type { Store } from '@crm-mesh/store';
import { NORMALISER } from '../normaliser/normaliser.js';
import { judgeNotification, type CauseView } from './judge-notification.js';

/** A notification without what the CRM sent. */
interface Sign extends Omit<Notification, 'payload' | 'fetched'> {
  sequence: number;
  storedAtMs: number;
  messageId: string;
}

export interface NotificationsInput {
  nats: Nats;
  store: Store;
  key: RecordKey;
  trail: RecordTrail;
  erasedAtMs: number | undefined;
}

/** Resolves to what came of the record, and what the normaliser has of it in hand. */
export async function readNotifications(input: NotificationsInput): Promise<{ signs: Sign[]; trace: ConsumerTrace }> {
  const { nats, store, key, trail, erasedAtMs } = input;
  const [signs, durables, raw, direct] = await Promise.all([
    readNewest(nats, 'CRM_RAW', [listRecordFilters(key).raw], (message) => readSign(nats, message)),
    listNormalisers(nats),
    nats.streamState('CRM_RAW'),
    nats.streamState('CRM_DIRECT'),
  ]);
  const items = signs.map(({ sequence, storedAtMs }) => {
    return { stream: 'CRM_RAW', sequence, storedAtMs, wanted: true, skipped: false };
  });
  const incarnations = { CRM_RAW: raw.incarnation, CRM_DIRECT: direct.incarnation };
  const trace = await traceConsumer({ store, consumer: NORMALISER, incarnations, durables, items, trail, erasedAtMs });
  return { signs, trace };
}

async function listNormalisers(nats: Nats) {
  const found = await Promise.all(['CRM_RAW', 'CRM_DIRECT'].map((stream) => nats.durableState(stream, NORMALISER)));
  return found.filter((durable) => durable !== undefined);
}

/** Undefined for what is none, which the normaliser has buried. */
async function readSign(nats: Nats, message: StoredMessage): Promise<Sign | undefined> {
  const data = isClaimed(message.data) ? await nats.readClaim(message.data) : message.data;
  if (!data) return undefined;
  try {
    const { payload: _payload, fetched: _fetched, ...rest } = parseNotification(data);
    const { sequence, storedAtMs } = message;
    return { ...rest, sequence, storedAtMs, messageId: notificationMessageId(rest) };
  } catch {
    return undefined;
  }
}

export function tellNotifications(
  signs: readonly Sign[],
  trace: ConsumerTrace,
  causes: readonly CauseView[],
): ToldNotification[] {
  const traced = new Map(trace.items.filter(({ stream }) => stream === 'CRM_RAW').map((item) => [item.sequence, item]));
  const seen = new Set<string>();
  return signs.map((sign) => {
    const { sequence, storedAtMs, messageId, origin, change, modifiedAt, receivedAt: at, verifiedBy } = sign;
    const { verdict = 'settled', failures } = traced.get(sequence) ?? {};
    const isRepeated = seen.has(messageId);
    seen.add(messageId);
    const statedAtMs = modifiedAt === undefined ? undefined : Date.parse(modifiedAt);
    const view = { sequence, storedAtMs, messageId, change, statedAtMs, verdict, isRepeated };
    return {
      ...{ record: formatRecordKey(sign), sequence, at, origin, change, verifiedBy },
      ...judgeNotification(view, causes),
      ...(modifiedAt === undefined ? {} : { modifiedAt }),
      ...(failures && failures.length > 0 ? { failures } : {}),
    };
  });
}
