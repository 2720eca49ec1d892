import type { BarrierDecider } from './decide-barrier.js';

/** How often the server is asked what is pending. */
const POLL_MS = 100;

/** A durable as the server has it. */
export interface PendingState {
  ackPending: number;
  ackWaitMs: number;
  /** Up to here the stream is delivered. */
  deliveredSequence: number;
}

interface InHand {
  ref: { sequence: number };
  /** It stands in its lane, or needs none. */
  isPlaced: boolean;
}

export interface BarrierOptions<Item extends InHand> {
  isOpen: boolean;
  decide: BarrierDecider;
  /** As the server has it now; undefined where it does not answer. */
  readPending(): Promise<PendingState | undefined>;
  /** What is in hand now. */
  listHeld(): readonly Item[];
  now(): number;
  /**
   * A server that was killed knows nothing of having delivered these. It delivers them again, with what lies between, as
   * soon as there is room: they are to be let go. Returns how many cannot be, yet.
   */
  forget(items: readonly Item[]): number;
  onOpen(): void;
  /** It opened although more is held than the server has pending. */
  onAlarm(): void;
}

/** Closed after a start or a gap: no lane may run until everything that was pending has come back. */
export class Barrier<Item extends InHand = InHand> {
  #isOpen: boolean;
  #stopped = false;
  #waiting: Promise<void> | undefined;

  constructor(private readonly options: BarrierOptions<Item>) {
    this.#isOpen = options.isOpen;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  close(): void {
    if (this.#stopped) return;
    this.#isOpen = false;
    this.#waiting ??= this.#awaitPending();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#waiting;
  }

  async #awaitPending(): Promise<void> {
    let excessSinceMs: number | undefined;
    for (;;) {
      const decision = await this.#decide(excessSinceMs);
      if (this.#stopped) return;
      if (decision.kind === 'open-alarmed') this.options.onAlarm();
      if (decision.kind !== 'wait') break;
      excessSinceMs = decision.excessSinceMs;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    // Together, and before anybody is told: what closes it from now on has to wait anew.
    this.#waiting = undefined;
    this.#isOpen = true;
    this.options.onOpen();
  }

  async #decide(excessSinceMs: number | undefined): Promise<ReturnType<BarrierDecider>> {
    const { listHeld, readPending, forget, decide, now } = this.options;
    const before = listHeld();
    const state = await readPending();
    if (!state) return { kind: 'wait', excessSinceMs: undefined };
    const still = new Set(listHeld());
    const inHand = before.filter((item) => still.has(item));
    const isForgotten = ({ ref }: Item): boolean => ref.sequence > state.deliveredSequence;
    const forgotten = forget(inHand.filter(isForgotten));
    const held = inHand.filter((item) => item.isPlaced && !isForgotten(item)).length;
    const { ackPending, ackWaitMs } = state;
    return decide({ ackPending, held, forgotten, excessSinceMs, ackWaitMs, nowMs: now() });
  }
}
