import { ConfigError, type ConnectionConfig } from '@crm-mesh/config';
import type { Source } from '@crm-mesh/sdk';
import { Cron } from 'croner';

/** When polls begin. */
export type Schedule = { everyMs: number } | { cron: string };

/** How one connection is polled: what mesh.yaml says, and what its source says of the CRM. */
export interface PollRules {
  entities: readonly string[];
  schedule: Schedule;
  /** Absent: a tenth of the time between two polls. */
  jitterMs?: number | undefined;
  lookBackMs: number;
  lagMs: number;
  overlapMs: number;
  longestWindowMs: number;
  retentionMs: number;
}

const OVERLAP_MS = 60_000;

/** Undefined where mesh.yaml wants no polls. Throws a ConfigError that names the key. */
export function readPollRules(
  { poll }: Pick<ConnectionConfig, 'poll'>,
  source: Source,
  { config, path }: { config: unknown; path: string },
): PollRules | undefined {
  if (!poll) return undefined;
  const { jitter, lookBack } = poll;
  if (!source.poll) throw refuse(path, `cannot be: the source "${source.name}" cannot be polled`, 'Leave it out.');
  const schedule = readSchedule(poll, path);
  const known = source.poll.entities(config);
  const unknown = poll.entities?.find((entity) => !known.includes(entity));
  if (unknown !== undefined) {
    const cure = `Write some of ${known.join(', ')}, or leave it out for all of them.`;
    throw refuse(`${path}.entities`, `names "${unknown}", which ${source.name} cannot poll`, cure);
  }
  return {
    entities: poll.entities ?? known,
    schedule,
    jitterMs: jitter,
    lookBackMs: lookBack,
    ...readLimits(source.poll),
  };
}

/** Throws a ConfigError that names the key. */
export function readSchedule({ every, cron }: { every?: number; cron?: string }, path: string): Schedule {
  if ((every === undefined) === (cron === undefined))
    throw refuse(path, 'needs either `every` or `cron`', 'Write e.g. `every: 1m`.');
  if (cron === undefined) return { everyMs: every! };
  checkCron(cron, `${path}.cron`);
  return { cron };
}

/** What the source says of the CRM; for polls that no schedule begins, too. */
export function readLimits(
  poll: NonNullable<Source['poll']>,
): Pick<PollRules, 'lagMs' | 'overlapMs' | 'longestWindowMs' | 'retentionMs'> {
  const { lagMs = 0, overlapMs = OVERLAP_MS, longestWindowMs = Infinity, retentionMs = Infinity } = poll;
  return { lagMs, overlapMs, longestWindowMs, retentionMs };
}

/** When the next poll is due after the one that was begun last. */
export function findNextMs(schedule: Schedule, begunMs: number): number {
  if ('everyMs' in schedule) return begunMs + schedule.everyMs;
  return parseCron(schedule.cron).nextRun(new Date(begunMs))?.getTime() ?? Infinity;
}

const LONGEST_JITTER_MS = 30_000;

/** The longest jitter of a poll that is due then. */
export function chooseJitterMs(
  { schedule, jitterMs }: Pick<PollRules, 'schedule' | 'jitterMs'>,
  dueMs: number,
): number {
  return jitterMs ?? Math.min((findNextMs(schedule, dueMs) - dueMs) / 10, LONGEST_JITTER_MS);
}

function parseCron(text: string): Cron {
  return new Cron(text, { paused: true, timezone: 'UTC' });
}

function checkCron(text: string, path: string): void {
  try {
    if (parseCron(text).nextRun() !== null) return;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw refuse(path, `is no schedule: ${message}`, 'Write e.g. `*/5 * * * *`.');
  }
  throw refuse(path, 'never comes', 'Write e.g. `*/5 * * * *`.');
}

function refuse(path: string, message: string, cure: string): Error {
  return new ConfigError([{ path, message, cure }]);
}
