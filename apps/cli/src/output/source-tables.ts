import type { BackfillStatus, PollStatus, SourceStatus } from '@crm-mesh/control';
import pc from 'picocolors';
import { cutText, formatAge, formatCount, formatDuration } from './format.js';
import { renderTable, type Cell, type Column } from './table.js';

const right = (title: string): Column => ({ title, align: 'right' });

/** Everything of `mesh source status` for people. */
export function renderSources(sources: readonly SourceStatus[], nowMs: number): string {
  if (sources.length === 0) return pc.dim('none: add a connection to mesh.yaml');
  return [renderConnections(sources, nowMs), ...renderReading(sources, nowMs), ...renderLeftOut(sources)].join('\n\n');
}

function renderConnections(sources: readonly SourceStatus[], nowMs: number): string {
  const columns = [
    ...[{ title: 'connection' }, { title: 'source' }, { title: 'listens to' }, { title: 'last' }, right('/min')],
    ...[{ title: 'missed webhooks' }, { title: 'quota left' }, { title: 'read by' }],
  ];
  return renderTable(
    columns,
    sources.map((source) => [
      `${source.tenant}/${source.name}`,
      source.source,
      describeWays(source),
      formatAge(source.lastNotificationAt, nowMs),
      formatCount(source.perMinute),
      describeMissed(source),
      describeQuota(source),
      source.holder ?? '',
    ]),
  );
}

function describeWays({ listens: { webhook, poll, subscription } }: SourceStatus): string {
  const ways = [webhook && 'webhook', poll, subscription && 'subscription'].filter(Boolean);
  return ways.length > 0 ? ways.join(', ') : 'nothing';
}

function describeMissed({ webhooks }: SourceStatus): string {
  if (!webhooks || webhooks.events === 0) return '';
  const { events, missed } = webhooks;
  const text = `${Math.round((missed / events) * 1_000) / 10} % (${formatCount(missed)} of ${formatCount(events)})`;
  return missed > 0 ? pc.yellow(text) : text;
}

function describeQuota({ quota }: SourceStatus): string {
  if (!quota) return '';
  const { remaining, dailyRemaining, dailyLimit } = quota;
  if (dailyRemaining === undefined) return remaining === undefined ? '' : formatCount(remaining);
  const of = dailyLimit === undefined ? '' : ` of ${formatCount(dailyLimit)}`;
  return `${formatCount(dailyRemaining)}${of} today`;
}

/** `acme/hubspot left out: deal.amount 12`: records that are told without a field. */
function renderLeftOut(sources: readonly SourceStatus[]): string[] {
  return sources.flatMap(({ tenant, name, unread }) => {
    if (unread.length === 0) return [];
    const fields = unread.map(({ entity, field, records }) => `${entity}.${field} ${formatCount(records)}`).join(', ');
    const cure = `mend the mapping, then: mesh source retell ${tenant}/${name}`;
    return [`${tenant}/${name} ${pc.yellow('left out:')} ${fields}\n  ${pc.dim(cure)}`];
  });
}

/** A row for each thing that is read; nothing where nothing is. */
function renderReading(sources: readonly SourceStatus[], nowMs: number): string[] {
  const columns = [{ title: 'connection' }, { title: 'reads' }, { title: 'state' }, { title: 'up to' }, { title: '' }];
  const rows = sources.flatMap((source) => {
    const name = `${source.tenant}/${source.name}`;
    return listReading(source, nowMs).map((row): Cell[] => [name, ...row]);
  });
  return rows.length === 0 ? [] : [renderTable(columns, rows)];
}

function listReading({ polls, subscription, backfill }: SourceStatus, nowMs: number): Cell[][] {
  return [
    ...polls.map((poll) => [
      poll.work === 'poll' ? poll.entity : `${poll.entity} (repair)`,
      paintState(poll.state),
      formatAge(poll.coveredTo, nowMs),
      describePoll(poll, nowMs),
    ]),
    ...(subscription
      ? [
          [
            'subscription',
            paintState(subscription.state),
            formatAge(subscription.takenAt, nowMs),
            subscription.lost
              ? pc.yellow(`lost its place ${formatAge(subscription.lost.at, nowMs)}: ${subscription.lost.why}`)
              : describeTrouble(subscription, nowMs),
          ],
        ]
      : []),
    ...(backfill ? [['backfill', paintBackfill(backfill), '', describeBackfill(backfill, nowMs)]] : []),
  ];
}

function describePoll(poll: PollStatus, nowMs: number): string {
  if (poll.mayMiss) return pc.red(`deletions from ${poll.mayMiss.from} to ${poll.mayMiss.to} may be missing`);
  return describeTrouble(poll, nowMs);
}

type Trouble = Pick<PollStatus, 'state' | 'heldBack' | 'error' | 'failures'>;

function describeTrouble({ state, heldBack, error, failures = 0 }: Trouble, nowMs: number): string {
  if (state === 'held-back') return heldBack ?? '';
  if (!error || failures === 0) return '';
  return cutText(`${error.message} (${formatCount(failures)} times, last ${formatAge(error.at, nowMs)})`, 80);
}

function paintState(state: PollStatus['state']): string {
  if (state === undefined) return pc.dim('elsewhere');
  if (state === 'failing') return pc.red(state);
  return state === 'held-back' ? pc.yellow(state) : pc.green(state);
}

function paintBackfill({ ended, health }: BackfillStatus): string {
  if (ended) return ended.how === 'over' ? pc.green('over') : pc.yellow('cancelled');
  return paintState(health?.state);
}

/** `deal 40 of 100, contact 0; 60 a minute, 60 s left` */
export function describeBackfill(
  { entities, ended, perMinute, leftMs, health }: BackfillStatus,
  nowMs: number,
): string {
  const counts = entities
    .map(({ entity, records, total, isDone }) => {
      const of = total === undefined || isDone ? '' : ` of ${formatCount(total)}`;
      return `${entity} ${formatCount(records)}${of}`;
    })
    .join(', ');
  if (ended) return `${counts}; ${formatAge(new Date(ended.atMs).toISOString(), nowMs)}`;
  const rate = perMinute === undefined ? '' : `; ${formatCount(perMinute)} a minute`;
  const left = leftMs === undefined ? '' : `, ${formatDuration(leftMs)} left`;
  const trouble = health ? describeTrouble(health, nowMs) : '';
  return `${counts}${rate}${left}${trouble === '' ? '' : `; ${trouble}`}`;
}
