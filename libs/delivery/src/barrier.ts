import type { BarrierDecider } from './decide-barrier.js';

/** How often the server is asked what is pending. */
const POLL_MS = 100;

/** A durable as the server has it. */
export interface PendingState {
  ackPending: number;
  ackWaitMs: number;
  /** Up to here the stream is delivered. */
  deliveredSequence: number;
  /** Not delivered yet. */
  pending: number;
}

interface InHand {
  ref: { sequence: number };
}

export interface BarrierOptions<Item extends InHand> {
  isOpen: boolean;
  decide: BarrierDecider;
  /** As the server has it now. */
  readPending(): Promise<PendingState>;
  /** What is in hand now. */
  listHeld(): readonly Item[];
  now(): number;
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
    const { listHeld, readPending, decide, now } = this.options;
    const before = listHeld();
    const { deliveredSequence, pending: toDeliver, ackPending, ackWaitMs } = await readPending();
    const still = new Set(listHeld());
    const inHand = before.filter((item) => still.has(item));
    const held = inHand.filter(({ ref }) => ref.sequence <= deliveredSequence).length;
    const isForgetful = held < inHand.length;
    return decide({ ackPending, held, isForgetful, toDeliver, excessSinceMs, ackWaitMs, nowMs: now() });
  }
}
