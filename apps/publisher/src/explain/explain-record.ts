import { formatRecordKey, type RecordKey } from '@crm-mesh/contract';
import type { RecordDifference, RecordHistory, ToldChange, ToldEntry, ToldNotification } from '@crm-mesh/control';
import { readTrail, type RecordTrail } from '@crm-mesh/delivery';
import type { Nats } from '@crm-mesh/jetstream';
import type { Ledger, LedgerEntry } from '@crm-mesh/ledger';
import type { Store } from '@crm-mesh/store';
import { describeUnknown, findRecord } from './find-record.js';
import type { CauseView } from './judge-notification.js';
import { readChanges, type ReadChange } from './read-changes.js';
import { readNotifications, tellNotifications } from './read-notifications.js';
import { tellCopy, tellDeed, tellLetter } from './tell-deeds.js';

/** What is kept of the last reconciliation about a record. */
export type FindDifferences = (record: RecordKey) => Promise<RecordDifference[]>;

export interface ExplainOptions {
  nats: Nats;
  store: Store;
  ledger: Pick<Ledger, 'get'>;
  connections: readonly { tenant: string; name: string }[];
  /** Default: none are kept. */
  findDifferences?: FindDifferences | undefined;
}

export interface RecordQuestion {
  /** `acme/hubspot/deal/4711`, or `deal/4711`. */
  record: string;
  /** Also what changed fields held: personal data. */
  values?: boolean;
}

/** So many records that were swallowed are followed. */
const MOST_ALIASES = 100;

/** What happened to one record, by reads of its own subjects alone. Throws MESH_RECORD_*. */
export async function explainRecord(question: RecordQuestion, options: ExplainOptions): Promise<RecordHistory> {
  const { nats, ledger, findDifferences } = options;
  const key = await findRecord(question.record, options);
  const entry = await ledger.get(key);
  const aliases = await listAliases(key, entry, ledger);
  const keys = [key, ...aliases.map((id) => ({ ...key, id }))];
  const [members, durables, raw, differences] = await Promise.all([
    Promise.all(keys.map((each) => readMember(each, question.values ?? false, options))),
    nats.listDurables('CRM_EVENTS'),
    nats.getNextMessage('CRM_RAW', 1),
    findDifferences?.(key) ?? [],
  ]);
  const history: RecordHistory = {
    record: formatRecordKey(key),
    aliases,
    ...(entry ? { ledger: tellEntry(entry) } : {}),
    ...(raw ? { notificationsSince: new Date(raw.storedAtMs).toISOString() } : {}),
    ...joinMembers(members, findErasure(members)),
    consumers: durables.flatMap(({ metadata: { plugin, app } = {} }) =>
      plugin === undefined ? [] : [{ name: plugin, ...(app === undefined ? {} : { app }) }],
    ),
    differences,
  };
  if (!isKnown(history)) throw describeUnknown(history.record);
  return history;
}

/** Of a merge that swallowed what had swallowed others, those too. */
async function listAliases(
  key: RecordKey,
  entry: LedgerEntry | undefined,
  ledger: Pick<Ledger, 'get'>,
): Promise<string[]> {
  const found = new Set<string>();
  const open = [...(entry?.aliases ?? [])];
  while (open.length > 0 && found.size < MOST_ALIASES) {
    const id = open.shift()!;
    if (found.has(id) || id === key.id) continue;
    found.add(id);
    open.push(...((await ledger.get({ ...key, id }))?.aliases ?? []));
  }
  return [...found];
}

/** One record of those that are one today. */
interface Member {
  trail: RecordTrail;
  changes: ReadChange[];
  notifications: Awaited<ReturnType<typeof readNotifications>>;
}

async function readMember(key: RecordKey, withValues: boolean, { nats, store }: ExplainOptions): Promise<Member> {
  const [trail, changes] = await Promise.all([readTrail(nats, key), readChanges(nats, key, withValues)]);
  const erasedAtMs = lastErasure(changes);
  return { trail, changes, notifications: await readNotifications({ nats, store, key, trail, erasedAtMs }) };
}

/** Who has been erased is not to be known by those that it has swallowed, either. */
function findErasure(members: readonly Member[]): number | undefined {
  const times = members.flatMap(({ changes }) => lastErasure(changes) ?? []);
  return times.length > 0 ? Math.max(...times) : undefined;
}

function lastErasure(changes: readonly ReadChange[]): number | undefined {
  return changes.findLast(({ action }) => action === 'erased')?.storedAtMs;
}

type Joined = Pick<RecordHistory, 'notifications' | 'events' | 'letters' | 'copies' | 'deeds' | 'parked'>;

function joinMembers(members: readonly Member[], erasedAtMs: number | undefined): Joined {
  const sequences = new Map(
    members.flatMap(({ notifications: { signs } }) => signs.map((sign) => [sign.messageId, sign.sequence] as const)),
  );
  const trails = members.map(({ trail }) => trail);
  const parked = members.map(({ notifications: { trace } }) => trace.parked).find((lane) => lane !== undefined);
  return {
    notifications: members.flatMap((member) => tellOwn(member, sequences)).toSorted(bySequence),
    events: members
      .flatMap(({ changes }) => changes)
      .toSorted(bySequence)
      .map((change) => tellChange(change, sequences, erasedAtMs)),
    letters: trails.flatMap(({ letters }) => letters.map((letter) => tellLetter(letter, erasedAtMs))).toSorted(byTime),
    copies: trails.flatMap(({ copies }) => copies.map(tellCopy)).toSorted(bySequence),
    deeds: trails.flatMap(({ deeds }) => deeds.map((deed) => tellDeed(deed, erasedAtMs))).toSorted(byTime),
    ...(parked ? { parked } : {}),
  };
}

function tellOwn({ changes, notifications }: Member, sequences: ReadonlyMap<string, number>): ToldNotification[] {
  const causes = changes.map(({ version, storedAtMs, mergedInto, cause }): CauseView => {
    return { version, storedAtMs, mergedInto, ...cause, causeSequence: sequences.get(cause.causationId) };
  });
  return tellNotifications(notifications.signs, notifications.trace, causes);
}

function tellChange(
  { cause, storedAtMs, action: _action, changes, ...told }: ReadChange,
  sequences: ReadonlyMap<string, number>,
  erasedAtMs = Number.NEGATIVE_INFINITY,
): ToldChange {
  const notification = sequences.get(cause.causationId);
  return {
    ...told,
    ...(changes && storedAtMs >= erasedAtMs ? { changes } : {}),
    ...(notification === undefined ? {} : { notification }),
  };
}

function tellEntry({ version, state, sequence, modifiedAtMs, seenAtMs, mergedInto }: LedgerEntry): ToldEntry {
  const seenAt = new Date(seenAtMs).toISOString();
  const modified = modifiedAtMs === 0 ? {} : { modifiedAt: new Date(modifiedAtMs).toISOString() };
  return { version, state, sequence, ...modified, seenAt, ...(mergedInto === undefined ? {} : { mergedInto }) };
}

function isKnown({ ledger, notifications, events, letters, copies, deeds }: RecordHistory): boolean {
  return ledger !== undefined || [notifications, events, letters, copies, deeds].some((list) => list.length > 0);
}

const bySequence = (a: { sequence: number }, b: { sequence: number }): number => a.sequence - b.sequence;
const byTime = (a: { at: string }, b: { at: string }): number => (a.at < b.at ? -1 : Number(a.at > b.at));
