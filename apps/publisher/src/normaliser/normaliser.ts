import {
  DEFAULT_POLICY,
  dropDeadLetters,
  startConsumer,
  type Consumer,
  type ConsumerDependencies,
  type ConsumerSpec,
  type ConsumerStatus,
  type DropRequest,
  type DropResult,
  type RedriveRequest,
  type RedriveResult,
  type SettledNotice,
} from '@crm-mesh/delivery';
import { MeshError, rawFilter } from '@crm-mesh/contract';
import type { Lease, Nats } from '@crm-mesh/jetstream';
import type { Ledger } from '@crm-mesh/ledger';
import type { Store } from '@crm-mesh/store';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import type { Connection, Connections } from '../connections/connections.js';
import { EventWriter } from './event-writer.js';
import { createNormalise } from './normalise.js';
import { NormaliserCounts } from './normaliser-counts.js';
import { pauseFor } from '../pause-for.js';
import { PayloadWatch } from '../schema/payload-watch.js';
import { UnreadFields } from '../schema/unread-fields.js';

export const NORMALISER = 'normaliser';

export interface NormaliserOptions {
  nats: Nats;
  store: Store;
  ledger: Ledger;
  connections: Connections;
  log: Logger;
  metrics: Metrics;
  version: string;
  /** Resolves when this process may lead; rejects when the signal aborts. */
  acquireLease(signal: AbortSignal): Promise<Lease>;
  now(): number;
  /** Default `performance.now`. */
  monotonicNow?(): number;
  /** Only tests give another: with two engines on one durable none ever holds all that is pending. */
  decideBarrier?: ConsumerDependencies['decideBarrier'];
}

/** Lanes at once: mostly waiting, for the CRM's batch read or for a PubAck. */
const CONCURRENCY = 200;
const MAX_ACK_PENDING = 5_000;
const TIMEOUT_MS = 60_000;
const MAX_ATTEMPTS = 10;
const RETRY_LEAD_MS = 1_000;

/** Follows CRM_RAW and appends to CRM_EVENTS; of all publishers one at a time. */
export class Normaliser {
  readonly counts: NormaliserCounts;
  readonly #unread: UnreadFields;
  readonly #stopping = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  #consumer: Consumer | undefined;
  #lease: Lease | undefined;
  #startAgain: () => void = () => undefined;

  constructor(private readonly options: NormaliserOptions) {
    this.counts = new NormaliserCounts(options.metrics, options);
    this.#unread = new UnreadFields(options);
  }

  get leading(): boolean {
    return this.#consumer !== undefined && (this.#lease?.isHeld() ?? false);
  }

  consumerStatus(): ConsumerStatus | undefined {
    return this.#consumer?.status();
  }

  /** Sequence of CRM_RAW up to which nothing waits for another attempt; undefined while lanes are parked or we do not lead. */
  async readSettled(): Promise<number | undefined> {
    const durable = await this.options.nats.durableState('CRM_RAW', NORMALISER);
    const status = this.consumerStatus();
    // Looked at after the floor: what is parked is acked already, and read again from the stream later.
    if (!status || status.state !== 'running' || status.parkedMessages > 0) return undefined;
    return durable?.ackFloorSequence;
  }

  /** Dead letters to the normaliser again. Throws where another publisher leads: it alone can open the way back. */
  redrive(request: Omit<RedriveRequest, 'consumer'>): Promise<RedriveResult> {
    if (this.#consumer) return this.#consumer.redrive(request);
    throw new MeshError('MESH_CONTROL_FAILED', 'This publisher does not lead the normaliser at the moment.', {
      cure: 'Ask again.',
    });
  }

  /** Any publisher may close a dead letter of the normaliser. */
  drop(request: DropRequest): Promise<DropResult> {
    return dropDeadLetters(this.options.nats, request, this.options.now());
  }

  start(): void {
    this.#ended = this.#leadForEver(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
    await this.#unread.settle();
  }

  async #leadForEver(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const lease = await this.options.acquireLease(signal);
        await this.#lead(lease, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.options.log.error({ err: error }, 'the normaliser could not run; it tries again');
        await pauseFor(RETRY_LEAD_MS, signal);
      }
    }
  }

  async #lead(lease: Lease, signal: AbortSignal): Promise<void> {
    const { ledger, log } = this.options;
    this.#lease = lease;
    // Of this leader: another may have seen and saved more since.
    const payloads = new PayloadWatch(this.options);
    try {
      // What a former leader has told comes first.
      await ledger.replay();
      const startAgain = new Promise<void>((resolve) => (this.#startAgain = resolve));
      payloads.start();
      this.#consumer = await startConsumer(this.#describeConsumer(lease, payloads), this.#dependencies());
      log.info({ epoch: lease.epoch, position: ledger.position }, 'normaliser leads');
      await Promise.race([lease.lost, startAgain, untilAborted(signal)]);
    } finally {
      await this.#consumer?.stop();
      this.#consumer = undefined;
      await payloads.stop();
      await lease.release();
      log.info({ epoch: lease.epoch }, 'normaliser leads no more');
    }
  }

  #dependencies(): ConsumerDependencies {
    const { nats, store, log, metrics, now, decideBarrier } = this.options;
    return { nats, store, log, metrics, now, decideBarrier, onSettled: (notice) => this.#tell(notice) };
  }

  #describeConsumer(lease: Lease, payloads: PayloadWatch): ConsumerSpec {
    const { nats, ledger, log, connections, now, version } = this.options;
    const monotonicNow = this.options.monotonicNow ?? ((): number => performance.now());
    const { counts } = this;
    const writer = new EventWriter({ nats, ledger, log, counts, isLeading: () => lease.isHeld(), now, monotonicNow });
    return {
      name: NORMALISER,
      description: 'Turns notifications into canonical events',
      stream: 'CRM_RAW',
      filterSubject: rawFilter({}),
      metadata: { owner: 'crm-mesh', app: 'publisher', version },
      version,
      policy: {
        ...DEFAULT_POLICY,
        concurrency: CONCURRENCY,
        maxAckPending: MAX_ACK_PENDING,
        timeoutMs: TIMEOUT_MS,
        maxAttempts: MAX_ATTEMPTS,
        startFrom: 'all',
        order: 'record',
        // The ledger knows what was told.
        idempotency: 'none',
      },
      coalesceMsOf: (subject) => connections.findBySubject(subject)?.coalesceMs ?? 0,
      // One CRM that is down stops its own connections alone.
      breakerOf: (subject) => nameConnection(connections.findBySubject(subject)),
      epoch: lease.epoch,
      isHeld: () => lease.isHeld(),
      runHandler: createNormalise({
        ...{ connections, writer, counts, unread: this.#unread, payloads },
        onLogReplaced: () => this.#startAgain(),
      }),
    };
  }

  #tell(notice: SettledNotice): void {
    if (notice.result === 'acked') return;
    const { subject, sequence, result, attempt, nextAttemptInMs, error } = notice;
    const level = result === 'buried' ? 'warn' : 'debug';
    const fields = {
      subject,
      sequence,
      result,
      attempt,
      nextAttemptInMs,
      error: error && { name: error.name, message: error.message },
    };
    this.options.log[level](fields, 'notification');
  }
}

/** What no connection is configured for is buried, and waits for nobody. */
function nameConnection(connection: Connection | undefined): string {
  return connection ? `${connection.tenant}/${connection.name}` : '';
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
