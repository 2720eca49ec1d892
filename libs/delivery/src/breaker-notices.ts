import { auditSubject } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import { describeError, type ErrorInfo } from './outcome.js';

export interface BreakerChange {
  /** Of the downstream; empty: there is one part. */
  part: string;
  state: 'open' | 'closed';
  /** Why it has opened. */
  error?: ErrorInfo | undefined;
}

/** For each part: a downstream that comes and goes must not fill CRM_AUDIT. */
const LEAST_MS_BETWEEN = 60_000;

interface Told {
  state: BreakerChange['state'];
  atMs: number;
  /** Tells the newest change that came too soon. */
  later?: NodeJS.Timeout;
}

/** Tells that a breaker has opened or closed: to the log, the metrics and, once a minute for each part, to CRM_AUDIT. */
export class BreakerNotices {
  readonly #told = new Map<string, Told>();
  readonly #isOpen;
  readonly #changes;

  constructor(
    private readonly options: { consumer: string; nats: Nats; log: Logger; metrics: Metrics; now(): number },
  ) {
    const { metrics } = options;
    this.#isOpen = metrics.gauge('mesh_delivery_breaker_open', '1 while a downstream is taken for away.', [
      'consumer',
      'part',
    ]);
    this.#changes = metrics.counter('mesh_delivery_breaker_changes_total', 'Breakers that opened or closed.', [
      'consumer',
      'part',
      'state',
    ]);
  }

  tell({ part, state, error }: BreakerChange): void {
    const { consumer, log } = this.options;
    const reason = error && { name: error.name, message: error.message };
    log[state === 'open' ? 'warn' : 'info']({ consumer, part, state, error: reason }, 'breaker');
    this.#isOpen.set({ consumer, part }, state === 'open' ? 1 : 0);
    this.#changes.inc({ consumer, part, state });
    this.#announce({ part, state, error: reason });
  }

  stop(): void {
    for (const { later } of this.#told.values()) clearTimeout(later);
  }

  #announce(change: BreakerChange): void {
    const told = this.#told.get(change.part);
    clearTimeout(told?.later);
    const waitMs = told ? told.atMs + LEAST_MS_BETWEEN - this.options.now() : 0;
    if (told && waitMs > 0) told.later = setTimeout(() => this.#announce(change), waitMs).unref();
    // Gone and back within the minute is nothing that somebody needs to be told.
    else if (told?.state !== change.state) this.#publish(change);
  }

  /** Nobody waits for it: a server that is away must not hold up deliveries. */
  #publish(change: BreakerChange): void {
    const { consumer, nats, log, now } = this.options;
    const at = new Date(now()).toISOString();
    this.#told.set(change.part, { state: change.state, atMs: now() });
    const message = {
      subject: auditSubject('breaker', consumer),
      payload: JSON.stringify({ at, by: consumer, did: 'breaker', ...change }),
      messageId: `audit:breaker:${consumer}:${change.part}:${change.state}:${at}`,
    };
    nats
      .publish(message)
      .catch((error: unknown) => log.warn({ consumer, error: describeError(error) }, 'CRM_AUDIT could not be told'));
  }
}
