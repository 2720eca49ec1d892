/** One request to the app that owns the consumer. */
export interface RedriveStep {
  consumer: string;
  sequences: number[];
}

/** So that each request is answered in a moment, and progress can be told. */
const STEP_SIZE = 50;

/** In the order in which they were buried, consumer by consumer. */
export function planRedrive(
  letters: readonly { consumer: string; sequence: number }[],
  stepSize = STEP_SIZE,
): RedriveStep[] {
  const byConsumer = new Map<string, number[]>();
  for (const { consumer, sequence } of letters)
    byConsumer.set(consumer, [...(byConsumer.get(consumer) ?? []), sequence]);
  return [...byConsumer].flatMap(([consumer, sequences]) => {
    const ordered = [...new Set(sequences)].toSorted((a, b) => a - b);
    const starts = Array.from({ length: Math.ceil(ordered.length / stepSize) }, (_, index) => index * stepSize);
    return starts.map((start) => ({ consumer, sequences: ordered.slice(start, start + stepSize) }));
  });
}
