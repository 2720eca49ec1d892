/** What is known of CRM_RAW and of how far the normaliser is. */
export interface TrimState {
  firstSequence: number;
  /** Up to here everything is settled for good: nothing waits for another attempt. */
  settledSequence: number;
  /** How many sequences one purge may take: the server answers nobody while it purges. */
  step: number;
}

/** A message of the stream: the first at or above the sequence that was asked about. */
export interface Probe {
  sequence: number;
  storedAtMs: number;
}

export type TrimDecision =
  | { kind: 'stop' }
  /** Purge what is below the sequence, then look on. */
  | { kind: 'purge'; below: number }
  /** The step reaches what is too young: look nearer. */
  | { kind: 'narrow'; step: number };

/** Up to which sequence the next step would purge; its message tells whether it may. Undefined: nothing to trim. */
export function chooseProbe({ firstSequence, settledSequence, step }: TrimState): number | undefined {
  const last = Math.min(firstSequence + step - 1, settledSequence);
  return last < firstSequence ? undefined : last;
}

/** `probe` is the message at {@link chooseProbe}'s sequence; undefined when it is gone already. */
export function decideTrim(
  sequence: number,
  probe: Probe | undefined,
  options: { step: number; youngestMs: number },
): TrimDecision {
  const { step, youngestMs } = options;
  if (probe && probe.storedAtMs > youngestMs) {
    return step <= 1 ? { kind: 'stop' } : { kind: 'narrow', step: Math.floor(step / 2) };
  }
  // Ages rise with sequences: what is below an old message is old.
  return { kind: 'purge', below: sequence + 1 };
}
