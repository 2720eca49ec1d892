import { requestEvery, type Nats } from '@crm-mesh/jetstream';

/** How a task that reads from a CRM is doing, where it runs. */
interface TaskHealth {
  state: 'waiting' | 'reading' | 'held-back' | 'failing';
  heldBack?: string;
  failures: number;
  error?: { at: string; message: string };
  nextAt?: string;
}

export interface PollStatus extends Partial<TaskHealth> {
  work: 'poll' | 'repair';
  entity: string;
  coveredTo?: string;
  window?: { from: string; to: string; cursor?: string };
  polledAt?: string;
  mayMiss?: { from: string; to: string };
}

export interface BackfillStatus {
  run: string;
  by: string;
  begunMs: number;
  entities: { entity: string; records: number; total?: number; isDone?: true }[];
  ended?: { atMs: number; how: 'over' | 'cancelled' };
  health?: TaskHealth;
  perMinute?: number;
  leftMs?: number;
}

/** What a publisher answers to `mesh.ctl.publisher.sources`, for each connection. */
export interface SourceStatus {
  tenant: string;
  name: string;
  source: string;
  listens: { webhook?: string; poll?: string; subscription?: true };
  leads: boolean;
  holder?: string;
  lastNotificationAt?: string;
  perMinute: number;
  polls: PollStatus[];
  subscription?: Partial<TaskHealth> & { cursor?: string; takenAt: string; lost?: { at: string; why: string } };
  backfill?: BackfillStatus;
  quota?: { remaining?: number; dailyRemaining?: number; dailyLimit?: number };
  webhooks?: { events: number; missed: number };
  /** How many records are told without a field that could not be read. */
  unread?: { entity: string; field: string; records: number }[];
}

const TIMEOUT_MS = 3_000;

/** Of all connections; undefined when no publisher answers. */
export async function askSources(nats: Nats): Promise<SourceStatus[] | undefined> {
  const answers = await requestEvery<SourceStatus[]>(nats, 'publisher', 'sources', {}, { timeoutMs: TIMEOUT_MS });
  return answers.length === 0 ? undefined : mergeSources(answers);
}

export function isFailing({ polls, subscription, backfill }: SourceStatus): boolean {
  return [...polls, subscription, backfill?.health].some((task) => task?.state === 'failing');
}

/** One row for each connection: how it is read, by whoever reads it; what is counted, by all. */
export function mergeSources(answers: readonly (readonly SourceStatus[])[]): SourceStatus[] {
  const byName = new Map<string, SourceStatus[]>();
  for (const status of answers.flat()) {
    const name = `${status.tenant}/${status.name}`;
    byName.set(name, [...(byName.get(name) ?? []), status]);
  }
  return [...byName.values()].map(mergeOne);
}

function mergeOne(statuses: SourceStatus[]): SourceStatus {
  const leading = statuses.find(({ leads }) => leads) ?? statuses[0]!;
  const last = statuses
    .map(({ lastNotificationAt }) => lastNotificationAt ?? '')
    .toSorted()
    .at(-1);
  const sum = (read: (status: SourceStatus) => number): number => statuses.reduce((all, one) => all + read(one), 0);
  return {
    ...leading,
    ...(last ? { lastNotificationAt: last } : {}),
    perMinute: sum(({ perMinute }) => perMinute),
    ...(leading.webhooks
      ? {
          webhooks: {
            events: sum(({ webhooks }) => webhooks?.events ?? 0),
            missed: sum(({ webhooks }) => webhooks?.missed ?? 0),
          },
        }
      : {}),
  };
}
