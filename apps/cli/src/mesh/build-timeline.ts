import type { ToldChange, ToldCopy, ToldDeed, ToldNotification, ToldPlace } from '@crm-mesh/control';
import type { ToldError } from '@crm-mesh/delivery';
import type { Explanation } from './explain-record.js';

/** One thing that happened to the record. */
export type TimelineEntry = { at: string } & (
  | ({ kind: 'notification' } & ToldNotification)
  | ({ kind: 'event' } & ToldChange)
  | ({ kind: 'failure'; consumer: string; error: ToldError } & ToldPlace)
  | { kind: 'buried'; consumer: string; letter: number; error: ToldError; original: ToldPlace; isOpen: boolean }
  | ({ kind: 'sent' } & { copy: ToldCopy })
  | ({ kind: 'deed' } & ToldDeed)
  | ({ kind: 'done'; consumer: string; receipt?: unknown } & ToldPlace)
);

/** Within one millisecond causes stand before what they led to. */
const ORDER: readonly TimelineEntry['kind'][] = ['notification', 'event', 'failure', 'buried', 'deed', 'sent', 'done'];

/** Everything that happened, in the order of time. */
export function buildTimeline(explanation: Explanation): TimelineEntry[] {
  const { notifications, events, copies, deeds } = explanation.history;
  const entries: TimelineEntry[] = [
    ...notifications.map((told) => ({ kind: 'notification' as const, ...told })),
    ...events.map((told) => ({ kind: 'event' as const, ...told })),
    ...listFailures(explanation),
    ...listBurials(explanation),
    ...copies.map((copy) => ({ kind: 'sent' as const, at: copy.at, copy })),
    ...deeds.map((deed) => ({ kind: 'deed' as const, ...deed })),
    ...listDone(explanation),
  ];
  return entries.toSorted(compareEntries);
}

function compareEntries(a: TimelineEntry, b: TimelineEntry): number {
  return Date.parse(a.at) - Date.parse(b.at) || ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind);
}

type Failure = TimelineEntry & { kind: 'failure' };

/** One failed attempt is known to the store, to the dead letter, and to who closed it. */
function listFailures({ history, plugins }: Explanation): TimelineEntry[] {
  const { notifications, letters, deeds } = history;
  const found: Failure[] = [
    ...notifications.flatMap(({ sequence, failures = [] }) =>
      failures.map((attempt) => ({ ...attempt, ...NORMALISER, stream: 'CRM_RAW', sequence })),
    ),
    ...plugins.flatMap(({ consumer, items }) =>
      items.flatMap(({ stream, sequence, failures = [] }) =>
        failures.map((attempt) => ({ kind: 'failure' as const, ...attempt, consumer, stream, sequence })),
      ),
    ),
    ...letters.flatMap(({ consumer, failures, original }) =>
      failures.map((attempt) => ({ kind: 'failure' as const, ...attempt, consumer, ...original })),
    ),
    ...deeds.flatMap(({ consumer, letter, original }) =>
      (original && letter ? letter.failures : []).map((attempt) => {
        return { kind: 'failure' as const, ...attempt, consumer, ...original! };
      }),
    ),
  ];
  const nameOf = ({ consumer, at }: Failure): string => `${consumer} ${at}`;
  return [...new Map(found.map((failure) => [nameOf(failure), failure])).values()];
}

const NORMALISER = { kind: 'failure', consumer: 'normaliser' } as const;

function listBurials({ history: { letters, deeds } }: Explanation): TimelineEntry[] {
  return [
    ...letters.map(({ consumer, sequence: letter, at, error, original }) => {
      return { kind: 'buried' as const, at, consumer, letter, error, original, isOpen: true };
    }),
    ...deeds.flatMap(({ consumer, letter, original }) =>
      letter && original ? [{ kind: 'buried' as const, ...pickLetter(letter), consumer, original, isOpen: false }] : [],
    ),
  ];
}

function pickLetter({ sequence: letter, at, error }: NonNullable<ToldDeed['letter']>) {
  return { letter, at, error };
}

function listDone({ plugins }: Explanation): TimelineEntry[] {
  return plugins.flatMap(({ consumer, items }) =>
    items.flatMap(({ stream, sequence, doneAt: at, receipt }) =>
      at === undefined
        ? []
        : [
            {
              ...{ kind: 'done' as const, at, consumer, stream, sequence },
              ...(receipt === undefined ? {} : { receipt }),
            },
          ],
    ),
  );
}
