import type { Nats } from '@crm-mesh/jetstream';
import type { Urgency } from '@crm-mesh/sdk';
import { NORMALISER } from '../normaliser/normaliser.js';
import { pauseFor } from '../pause-for.js';
import { decidePressure, hasMuchRoom, type RawState } from './decide-pressure.js';
import type { Published } from './draft-publisher.js';

const LOOK_AGAIN_MS = 500;
/** So long a look counts, while there is much room. */
const LOOK_COUNTS_MS = 1_000;

/** Holds back whoever reads from a CRM while the mesh is behind: the CRM keeps what is not asked for, the outbox need not. */
export class Pressure {
  /** What was seen last, with what was stored from here since. What the normaliser has done since is left out. */
  #seen: { state: RawState; atMs: number } | undefined;

  constructor(private readonly nats: Nats) {}

  /** Resolves when more may come, or the signal aborts. `onWait` is told why it does not yet, and undefined at the end. */
  async untilLow(urgency: Urgency, signal: AbortSignal, onWait: (why: string | undefined) => void): Promise<void> {
    if (this.isFar(urgency)) return onWait(undefined);
    for (;;) {
      const why = await this.#whyHigh(urgency);
      if (signal.aborted || why === undefined) return onWait(undefined);
      onWait(why);
      await pauseFor(LOOK_AGAIN_MS, signal);
    }
  }

  /** Whether so much room was there a moment ago that nobody need look. */
  isFar(urgency: Urgency): boolean {
    const seen = this.#seen;
    if (!seen || !this.nats.connected || performance.now() - seen.atMs > LOOK_COUNTS_MS) return false;
    return hasMuchRoom(seen.state, urgency);
  }

  /** To be told of all that is stored between two looks. */
  noteStored({ stored, storedBytes }: Pick<Published, 'stored' | 'storedBytes'>): void {
    if (!this.#seen) return;
    const { state } = this.#seen;
    state.pending += stored;
    state.messages += stored;
    state.bytes += storedBytes;
  }

  async #whyHigh(urgency: Urgency): Promise<string | undefined> {
    if (!this.nats.connected) return 'NATS is away';
    try {
      const atMs = performance.now();
      const state = await this.#readState();
      this.#seen = { state, atMs };
      return decidePressure(state, urgency);
    } catch {
      return 'JetStream does not answer';
    }
  }

  async #readState(): Promise<RawState> {
    const [stream, durable] = await Promise.all([
      this.nats.streamState('CRM_RAW'),
      this.nats.durableState('CRM_RAW', NORMALISER),
    ]);
    const { messages, bytes, maxMessages, maxBytes } = stream;
    const pending = durable ? durable.pending + durable.ackPending : messages;
    return { pending, messages, bytes, maxMessages, maxBytes };
  }
}
