/** One request to the app that owns the consumer. */
export interface RedriveStep {
  consumer: string;
  /** In CRM_DEAD. */
  sequences: number[];
}

/** Where a dead letter stands, and what it is a letter of. */
export interface LetterPlace {
  consumer: string;
  sequence: number;
  /** In the stream of the consumer. */
  originalSequence: number;
}

/** So that each request is answered in a moment, and progress can be told. */
const LARGEST_STEP = 50;

/** At most a second's worth, so that the pace is even. */
export function chooseStepSize(perSecond = Infinity): number {
  return Math.max(1, Math.min(LARGEST_STEP, Math.floor(perSecond)));
}

/** Consumer by consumer, in the order in which the originals were told. */
export function planRedrive(letters: readonly LetterPlace[], stepSize = LARGEST_STEP): RedriveStep[] {
  const byConsumer = new Map<string, Map<number, number>>();
  for (const { consumer, sequence, originalSequence } of letters) {
    const own = byConsumer.get(consumer) ?? new Map<number, number>();
    byConsumer.set(consumer, own.set(sequence, originalSequence));
  }
  return [...byConsumer].flatMap(([consumer, own]) => {
    const ordered = [...own].toSorted((a, b) => a[1] - b[1] || a[0] - b[0]).map(([sequence]) => sequence);
    const starts = Array.from({ length: Math.ceil(ordered.length / stepSize) }, (_, index) => index * stepSize);
    return starts.map((start) => ({ consumer, sequences: ordered.slice(start, start + stepSize) }));
  });
}
