import type { Connection } from '../connections/connections.js';
import type { CursorKey, Cursors } from './cursors.js';
import type { PollState } from './decide-window.js';
import { isHoleOpen } from './entity-poller.js';

/** Writes down, for each entity, that a poll has to go over a time. `fromMs` absent: over what comes after the last repair. */
export async function openRepairs(
  cursors: Cursors,
  { tenant, name, source, context }: Connection,
  { fromMs, untilMs }: { fromMs: number | undefined; untilMs: number },
): Promise<readonly string[]> {
  const entities = source.poll?.entities(context.config) ?? [];
  for (const entity of entities) {
    const key: CursorKey = { tenant, connection: name, work: 'repair', entity };
    await cursors.change<PollState>(key, (state = {}) => openHole(state, fromMs, untilMs));
  }
  return entities;
}

export function openHole(state: PollState, fromMs: number | undefined, untilMs: number): PollState {
  const { open: _, isBehind: __, begunMs: ___, coveredMs, ...rest } = state;
  const longest = Math.max(untilMs, state.untilMs ?? 0);
  // What is being asked goes on: only its end is further away.
  if (fromMs === undefined) return { ...state, untilMs: longest };
  const isOpen = isHoleOpen(state) && coveredMs !== undefined;
  // A window that lies in the old hole begins anew with it.
  return { ...rest, coveredMs: isOpen ? Math.min(coveredMs, fromMs) : fromMs, untilMs: longest };
}
