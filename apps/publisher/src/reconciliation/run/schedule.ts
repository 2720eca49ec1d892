import { ConfigError, listPluginReconciles, type LoadedConfig, type ReconcileConfig } from '@crm-mesh/config';
import type { Connections } from '../../connections/connections.js';
import { chooseJitterMs, findNextMs, readSchedule, type Schedule } from '../../polling/poll-rules.js';
import type { RunRequest } from './runs.js';

/** A pair that is compared by itself, again and again. */
export interface ScheduledPair {
  request: RunRequest;
  schedule: Schedule;
  jitterMs?: number | undefined;
}

export const BY_SCHEDULE = 'schedule';

/** What mesh.yaml wants to be compared by itself. Throws a ConfigError that names the key. */
export function readScheduledPairs(
  config: Pick<LoadedConfig, 'connections' | 'plugins'>,
  connections: Connections,
): ScheduledPair[] {
  const ofConnections = config.connections.flatMap(({ tenant, name, reconcile }, index) => {
    if (!reconcile) return [];
    const path = `connections[${index}].reconcile`;
    const source = connections.find(tenant, name)?.source;
    if (source && !source.scan)
      throw new ConfigError([
        {
          path,
          message: `cannot be: the source "${source.name}" cannot go through all records`,
          cure: 'Leave it out.',
        },
      ]);
    return isWithoutSchedule(reconcile) ? [] : [describeScheduled(`${tenant}/${name}`, reconcile, path)];
  });
  const ofPlugins = [...listPluginReconciles(config)].map(([name, reconcile]) =>
    describeScheduled(name, reconcile, `plugins.${name}.reconcile`),
  );
  return [...ofConnections, ...ofPlugins];
}

/** It only says how long a difference must stand when somebody asks for a run. */
function isWithoutSchedule({ every, cron, grace }: ReconcileConfig): boolean {
  return every === undefined && cron === undefined && grace !== undefined;
}

function describeScheduled(pair: string, config: ReconcileConfig, path: string): ScheduledPair {
  const { jitter, repair, content, entities, maxRepairs, maxCalls, maxPercent } = config;
  const wish = { pair, by: BY_SCHEDULE, repair, content, budget: { maxRepairs, maxCalls, maxPercent } };
  const schedule = readSchedule(config, path);
  return { request: { ...wish, ...(entities ? { entities } : {}) }, schedule, jitterMs: jitter };
}

/**
 * When the next one is due. `lastMs`: when the schedule began one last; where it never has, an interval is over, and a cron
 * comes as it comes. `random`: 0 to 1, the same for one waiting.
 */
export function findDueMs(
  { schedule, jitterMs }: Pick<ScheduledPair, 'schedule' | 'jitterMs'>,
  { lastMs, sinceMs, random }: { lastMs: number | undefined; sinceMs: number; random: number },
): number {
  const isFirst = lastMs === undefined || lastMs > sinceMs;
  const plainMs = isFirst && 'everyMs' in schedule ? sinceMs : findNextMs(schedule, lastMs ?? sinceMs);
  return plainMs + chooseJitterMs({ schedule, jitterMs }, plainMs) * random;
}
