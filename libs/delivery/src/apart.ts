import type { Logger } from '@crm-mesh/telemetry';
import type { Lane } from './lane.js';

export interface ApartOptions {
  consumer: string;
  log: Logger;
  /** False while older events are on their way back, or another consumer's suspects run. */
  mayRun(): boolean;
  /** Runs the oldest of the lane. Never rejects; what dies again is accused again. */
  runAlone(lane: Lane): Promise<void>;
  onOver(): void;
}

/**
 * After the end of a handler's worker: what was in hand runs one by one, before everything else of this consumer, so that
 * the one that ends workers is found and nothing that merely ran beside it is blamed. Other consumers go on.
 */
export class Apart {
  readonly #lanes = new Set<Lane>();
  #running = false;

  constructor(private readonly options: ApartOptions) {}

  /** While true, only suspects run. */
  get isActive(): boolean {
    return this.#running || this.#lanes.size > 0;
  }

  accuse(lane: Lane): void {
    if (!this.isActive) {
      const { consumer, log } = this.options;
      log.warn({ consumer }, 'a worker ended with events in hand: these run apart first');
    }
    this.#lanes.add(lane);
    void this.run();
  }

  /** Until none is left, or something must be waited for; then it is to be called again. */
  async run(): Promise<void> {
    if (this.#running || this.#lanes.size === 0) return;
    this.#running = true;
    // One that is accused again stands at the end.
    for (const lane of this.#lanes) {
      if (!this.options.mayRun()) break;
      this.#lanes.delete(lane);
      await this.options.runAlone(lane);
    }
    this.#running = false;
    if (!this.isActive) this.options.onOver();
  }
}
