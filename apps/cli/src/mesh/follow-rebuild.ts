import { setTimeout as delay } from 'node:timers/promises';
import { MeshError } from '@crm-mesh/contract';
import type { RebuildState } from '@crm-mesh/control';
import { requestControl, type Nats } from '@crm-mesh/jetstream';

export type RebuildGoal = RebuildState['goal'];

/** How fast it goes, by what was seen of it from here. */
export interface RebuildPace {
  /** Events, or records, a second. */
  perSecond?: number;
  leftMs?: number;
}

const TIMEOUT_MS = 10_000;
const LOOK_MS = 1_000;

/** Writes down that it is to be done; the publisher that leads the normaliser does it. */
export function beginRebuild(nats: Nats, order: { goal: RebuildGoal; by: string }): Promise<RebuildState> {
  return requestControl<RebuildState>(nats, 'publisher', 'ledger-rebuild', order, { timeoutMs: TIMEOUT_MS });
}

/** Null: none runs. */
export function cancelRebuild(nats: Nats): Promise<RebuildState | null> {
  return requestControl(nats, 'publisher', 'ledger-rebuild-cancel', {}, { timeoutMs: TIMEOUT_MS });
}

/** Resolves when it has ended. A publisher that is away meanwhile is waited for: it goes on when it is back. */
export async function followRebuild(
  nats: Nats,
  run: string,
  onProgress: (status: RebuildState | undefined, pace: RebuildPace) => void,
): Promise<RebuildState> {
  let first: { status: RebuildState; atMs: number } | undefined;
  for (;;) {
    const status = await askRebuild(nats);
    if (status && status.run !== run)
      throw new MeshError('MESH_CONTROL_FAILED', 'This one has ended, and another has begun since.', {
        cure: 'Follow that one with the same command.',
      });
    if (status?.ended) return status;
    const atMs = performance.now();
    // It begins to read, or to compare, anew: what was before says nothing of it.
    if (status && (first?.status.phase !== status.phase || readDone(first.status) > readDone(status)))
      first = { status, atMs };
    onProgress(status, status && first ? measurePace(first, { status, atMs }) : {});
    await delay(LOOK_MS);
  }
}

/** Undefined: no publisher answers. */
async function askRebuild(nats: Nats): Promise<RebuildState | undefined> {
  const asked = requestControl<RebuildState | null>(
    nats,
    'publisher',
    'ledger-rebuild-status',
    {},
    { timeoutMs: 3_000 },
  );
  return (await asked.catch(() => undefined)) ?? undefined;
}

interface Sample {
  status: RebuildState;
  atMs: number;
}

export function measurePace(first: Sample, last: Sample): RebuildPace {
  const done = readDone(last.status) - readDone(first.status);
  const tookMs = last.atMs - first.atMs;
  if (done <= 0 || tookMs <= 0) return {};
  const perSecond = done / (tookMs / 1_000);
  const left = Math.max(0, readTotal(last.status) - readDone(last.status));
  return { perSecond: Math.round(perSecond), leftMs: Math.round((left / perSecond) * 1_000) };
}

const readDone = ({ phase, events, compared }: RebuildState): number => (phase === 'comparing' ? compared : events);
const readTotal = ({ phase, totalEvents, totalRecords }: RebuildState): number =>
  phase === 'comparing' ? totalRecords : totalEvents;
