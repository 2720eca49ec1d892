import type { Nats } from '@crm-mesh/jetstream';
import type { Urgency } from '@crm-mesh/sdk';
import { NORMALISER } from '../normaliser/normaliser.js';
import { pauseFor } from '../pause-for.js';
import { decidePressure, type RawState } from './decide-pressure.js';

const LOOK_AGAIN_MS = 500;

/** Holds back whoever reads from a CRM while the mesh is behind: the CRM keeps what is not asked for, the outbox need not. */
export class Pressure {
  constructor(private readonly nats: Nats) {}

  /** Resolves when more may come, or the signal aborts. `onWait` is told why it does not yet, and undefined at the end. */
  async untilLow(urgency: Urgency, signal: AbortSignal, onWait: (why: string | undefined) => void): Promise<void> {
    for (;;) {
      const why = await this.#whyHigh(urgency);
      if (signal.aborted || why === undefined) return onWait(undefined);
      onWait(why);
      await pauseFor(LOOK_AGAIN_MS, signal);
    }
  }

  async #whyHigh(urgency: Urgency): Promise<string | undefined> {
    if (!this.nats.connected) return 'NATS is away';
    try {
      return decidePressure(await this.#readState(), urgency);
    } catch {
      return 'JetStream does not answer';
    }
  }

  async #readState(): Promise<RawState> {
    const { messages, bytes, maxMessages, maxBytes } = await this.nats.streamState('CRM_RAW');
    const durable = await this.nats.durableState('CRM_RAW', NORMALISER);
    const pending = durable ? durable.pending + durable.ackPending : messages;
    return { pending, messages, bytes, maxMessages, maxBytes };
  }
}
