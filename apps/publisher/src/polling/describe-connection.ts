import type { BackfillState, PollStatus, SourceStatus, TaskHealth } from '@crm-mesh/control';
import type { Connection } from '../connections/connections.js';
import { Backfill } from './backfill.js';
import { estimateMs } from './backfill-state.js';
import type { ConnectionRunner } from './connection-runner.js';
import type { CursorKey } from './cursors.js';
import type { PollState } from './decide-window.js';
import { isHoleOpen } from './entity-poller.js';
import type { SubscriptionState } from './subscription.js';

interface Known {
  /** Absent: there is nothing to read. */
  runner: ConnectionRunner | undefined;
  rows: readonly (CursorKey & { state: unknown })[];
  /** This process. */
  holder: string;
}

export function describeConnection(connection: Connection, known: Known): Omit<SourceStatus, 'unread'> {
  const { tenant, name, source, counts } = connection;
  const { runner, rows } = known;
  const leads = runner?.leads ?? false;
  const holder = leads ? known.holder : runner?.holder;
  const quota = connection.readQuota?.();
  return {
    ...{ tenant, name, source: source.name, listens: describeWays(connection), leads },
    ...(holder === undefined ? {} : { holder }),
    ...(counts.lastNotificationAt === undefined ? {} : { lastNotificationAt: counts.lastNotificationAt }),
    perMinute: connection.perMinute.lastMinute,
    polls: describePolls(connection, known),
    ...(source.subscribe ? describeSubscription(known) : {}),
    ...describeBackfill(rows, runner),
    ...(quota ? { quota } : {}),
    ...(connection.webhookGraceMs === undefined ? {} : { webhooks: { events: counts.events, missed: counts.missed } }),
  };
}

function describeWays({ source, context, poll }: Connection): SourceStatus['listens'] {
  const takesWebhooks = source.verify !== undefined && source.split !== undefined;
  return {
    ...(takesWebhooks ? { webhook: new URL(context.publicUrl, 'http://unknown').pathname } : {}),
    ...(poll ? { poll: 'cron' in poll.schedule ? poll.schedule.cron : `every ${poll.schedule.everyMs} ms` } : {}),
    ...(source.subscribe ? { subscription: true } : {}),
  };
}

function describePolls({ poll }: Connection, { runner, rows }: Known): PollStatus[] {
  const found = rows.filter(isPollRow).map(({ work, entity, state }) => ({ work, entity, state: state as PollState }));
  const polled = new Set(found.filter(({ work }) => work === 'poll').map(({ entity }) => entity));
  const fresh = (poll?.entities ?? []).filter((entity) => !polled.has(entity));
  return [...found, ...fresh.map((entity) => ({ work: 'poll' as const, entity, state: {} }))]
    .filter(({ work, entity, state }) => (work === 'repair' ? isHoleOpen(state) : poll?.entities.includes(entity)))
    .map(({ work, entity, state }) => ({ work, entity, ...describeState(state), ...findHealth(runner, work, entity) }));
}

function isPollRow<Row extends CursorKey>(row: Row): row is Row & { work: 'poll' | 'repair' } {
  return row.work === 'poll' || row.work === 'repair';
}

function describeState({ coveredMs, open, polledMs, mayMiss }: PollState): Omit<PollStatus, 'work' | 'entity'> {
  return {
    ...(coveredMs === undefined ? {} : { coveredTo: toIso(coveredMs) }),
    ...(open
      ? { window: { from: toIso(open.fromMs), to: toIso(open.toMs), ...(open.cursor ? { cursor: open.cursor } : {}) } }
      : {}),
    ...(polledMs === undefined ? {} : { polledAt: toIso(polledMs) }),
    ...(mayMiss ? { mayMiss: { from: toIso(mayMiss.fromMs), to: toIso(mayMiss.toMs) } } : {}),
  };
}

function describeSubscription({ rows, runner }: Known): Pick<SourceStatus, 'subscription'> {
  const state = rows.find(({ work }) => work === 'subscription')?.state as SubscriptionState | undefined;
  if (!state) return {};
  const { cursor, takenMs, lost } = state;
  const told = lost ? { lost: { at: toIso(lost.atMs), why: lost.why } } : {};
  const health = findHealth(runner, 'subscription', '');
  return { subscription: { ...(cursor === undefined ? {} : { cursor }), takenAt: toIso(takenMs), ...told, ...health } };
}

function describeBackfill(rows: Known['rows'], runner: ConnectionRunner | undefined): Pick<SourceStatus, 'backfill'> {
  const state = rows.find(({ work }) => work === 'backfill')?.state as BackfillState | undefined;
  if (!state) return {};
  const task = runner?.tasks.find((one) => one instanceof Backfill);
  if (!task || state.ended) return { backfill: state };
  const leftMs = estimateMs(state.entities, task.perMinute);
  const { health, perMinute } = task;
  return { backfill: { ...state, health, perMinute, ...(leftMs === undefined ? {} : { leftMs }) } };
}

function findHealth(runner: ConnectionRunner | undefined, work: string, entity: string): Partial<TaskHealth> {
  return runner?.tasks.find(({ key }) => key.work === work && key.entity === entity)?.health ?? {};
}

const toIso = (ms: number): string => new Date(ms).toISOString();
