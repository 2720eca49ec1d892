import { PublishError, type Nats } from '@crm-mesh/jetstream';
import type { Logger } from '@crm-mesh/telemetry';
import type { Outbox, OutboxRow } from './outbox.js';

const ROWS_AT_ONCE = 500;
/** JetStream refuses or is away: the next try. */
const RETRY_MS = 500;
/** What the server will never take as it is set now: an operator has to change that first. */
const REFUSED_RETRY_MS = 60_000;
/** Rows of another publisher on the same database, or postponed ones, are looked for this often. */
const LOOK_MS = 5_000;

export interface RelayOptions {
  outbox: Outbox;
  nats: Nats;
  log: Logger;
  now(): number;
  /** JetStream takes messages again, or there is nothing left that could show it. */
  onFlowing(): void;
  onRelayed(count: number): void;
}

/** Drains the outbox into CRM_RAW when JetStream is there. A row goes when its PubAck has come. */
export class Relay {
  #state: 'running' | 'stopping' = 'running';
  #ended: Promise<void> = Promise.resolve();
  #isWoken = false;
  #endSleep: () => void = () => undefined;

  constructor(private readonly options: RelayOptions) {}

  start(): void {
    this.options.outbox.onTaken = () => this.#wake();
    this.#ended = this.#run();
  }

  async stop(): Promise<void> {
    this.#state = 'stopping';
    this.#wake();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (this.#state === 'running') {
      try {
        const isEmpty = await this.#step();
        if (isEmpty) await this.#sleep(LOOK_MS);
      } catch (error) {
        const { log, outbox } = this.options;
        log.warn({ err: error, waiting: outbox.fill.messages }, 'the outbox could not be drained yet');
        // Nothing new wakes it: that JetStream refuses would only be asked more often.
        await this.#sleep(RETRY_MS, { deaf: true });
      }
    }
  }

  /** Resolves to whether there is nothing more to do now. */
  async #step(): Promise<boolean> {
    const { outbox, nats, now, onFlowing } = this.options;
    this.#isWoken = false;
    if (!nats.connected) return this.#sleep(RETRY_MS, { deaf: true }).then(() => false);
    const rows = await outbox.readDue(ROWS_AT_ONCE, now());
    if (rows.length === 0) await outbox.recount();
    if (rows.length === 0 || (await this.#relay(rows))) onFlowing();
    return rows.length === 0;
  }

  #wake(): void {
    this.#isWoken = true;
    this.#endSleep();
  }

  async #sleep(ms: number, { deaf = false } = {}): Promise<void> {
    if (this.#state === 'stopping' || (this.#isWoken && !deaf)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#endSleep = () => {
        if (deaf && this.#state === 'running') return;
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Throws when JetStream takes nothing now. Rows that it took are gone by then. */
  async #relay(rows: readonly OutboxRow[]): Promise<boolean> {
    const { outbox, nats, log, now, onRelayed } = this.options;
    const outcomes = await Promise.allSettled(rows.map(({ message }) => nats.publish(message)));
    const stored = rows.filter((_row, at) => outcomes[at]!.status === 'fulfilled');
    if (stored.length > 0) await outbox.remove(stored);
    onRelayed(stored.length);
    const reasons = outcomes.map((outcome) =>
      outcome.status === 'rejected' ? (outcome.reason as unknown) : undefined,
    );
    const refused = rows.filter((_row, at) => isRefusedForGood(reasons[at]));
    if (refused.length > 0) {
      await outbox.postpone(refused, now() + REFUSED_RETRY_MS);
      const err = reasons.find(isRefusedForGood);
      const cure =
        'Raise the limit that the error names (max_payload, max_msg_size); they are tried again each minute.';
      log.error({ err, refused: refused.length, cure }, 'the server refuses what lies in the outbox');
    }
    const away = reasons.find((reason) => reason !== undefined && !isRefusedForGood(reason));
    if (away !== undefined) throw away;
    return stored.length > 0;
  }
}

function isRefusedForGood(reason: unknown): boolean {
  return reason instanceof PublishError && reason.retryClass === 'permanent';
}
