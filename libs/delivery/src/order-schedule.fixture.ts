import fc from 'fast-check';

// For order.property.spec.ts: what may happen to a consumer, at random.

/**
 * What one run of a handler comes to. `slow` outlasts ack_wait and succeeds, `hang` never ends by itself, `later` parks its
 * lane.
 */
export type Fate = 'done' | 'fail' | 'later' | 'away' | 'slow' | 'hang' | 'refuse';

export interface PlannedEvent {
  record: number;
  /** Run by run; later runs are done at once. */
  fates: Fate[];
}

export type Step =
  | { kind: 'publish'; events: PlannedEvent[] }
  | { kind: 'wait'; ms: number }
  /** The host dies without a word, and another starts. */
  | { kind: 'crash' }
  /** The host stops in an orderly way, and one with another version starts. */
  | { kind: 'hand-over' }
  | { kind: 'kill-server' }
  /** A person takes the oldest open dead letter, where lanes are held by them. */
  | { kind: 'resolve'; by: 'redrive' | 'drop' };

export interface Schedule {
  order: 'record' | 'strict';
  steps: Step[];
}

const RECORDS = 4;

const fate = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<Fate>('fail', 'slow') },
  { weight: 3, arbitrary: fc.constant<Fate>('later') },
  { weight: 1, arbitrary: fc.constantFrom<Fate>('away', 'hang', 'refuse') },
);
const fates = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Fate[]>([]) },
  { weight: 2, arbitrary: fc.array(fate, { minLength: 1, maxLength: 3 }) },
);
const event: fc.Arbitrary<PlannedEvent> = fc.record({ record: fc.nat(RECORDS - 1), fates });
const publish: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('publish' as const),
  events: fc.array(event, { minLength: 2, maxLength: 10 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: publish },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 5, max: 150 }) }) },
  { weight: 3, arbitrary: fc.constant<Step>({ kind: 'crash' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'hand-over' }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: 'kill-server' }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('resolve' as const),
      by: fc.constantFrom('redrive' as const, 'drop' as const),
    }),
  },
);

/** Begins with events, so that something is in hand when the first thing happens. */
export const schedules: fc.Arbitrary<Schedule> = fc.record({
  order: fc.constantFrom('record' as const, 'strict' as const),
  steps: fc
    .tuple(publish, fc.array(step, { minLength: 5, maxLength: 14 }))
    .map(([first, others]) => [first, ...others]),
});
