import type { SourceStatus } from '@crm-mesh/control';
import { requestEvery, type Nats } from '@crm-mesh/jetstream';

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
