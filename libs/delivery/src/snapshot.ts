import { setTimeout as pauseFor } from 'node:timers/promises';
import { directSubject } from '@crm-mesh/contract';
import type { DurableSpec, Nats } from '@crm-mesh/jetstream';
import type { Logger } from '@crm-mesh/telemetry';
import type { ConsumerSpec } from './consumer-spec.js';
import { describeError } from './outcome.js';
import type { ReadSnapshot, SnapshotEvent } from './snapshot-page.js';
import type { SnapshotProgress, SnapshotRecords } from './store/snapshot-records.js';

/** The wait before something that failed (the ledger's owner is away) is tried again. */
const RETRY_MS = 1_000;
const SETTLED_POLL_MS = 100;

export interface SnapshotOptions {
  spec: ConsumerSpec;
  read: ReadSnapshot;
  nats: Nats;
  log: Logger;
  progress: SnapshotRecords;
  now(): number;
  /** The durable of CRM_DIRECT is to be there and pulled. */
  openDirect(): Promise<void>;
  /** Everything of the snapshot is settled or parked: what is live may come. */
  onOver(): void;
}

/**
 * The first state of a new consumer. The position is noted first, and the durable begins behind it; each record whose
 * newest event lies before it is sent through CRM_DIRECT; live events are pulled when all of that is settled. So each
 * record comes once, and before what is newer of it.
 */
export class Snapshot {
  #progress: SnapshotProgress | undefined;
  #running: Promise<void> = Promise.resolve();
  readonly #stopping = new AbortController();
  /** What was sent just before the end of the last life may be in the stream already. */
  #mayHaveSent = false;

  constructor(private readonly options: SnapshotOptions) {}

  get isUnderWay(): boolean {
    return this.#progress !== undefined && this.#progress.phase !== 'over';
  }

  /** Before the durable is made. Where that begins: it counts only while there is none. */
  async begin(): Promise<DurableSpec['startFrom']> {
    const { spec, nats, progress, now } = this.options;
    const { incarnation, lastSequence } = await nats.streamState(spec.stream);
    const live = await nats.durableState(spec.stream, spec.name);
    const known = await progress.read();
    const isOurs = known?.incarnation === incarnation;
    if (live && !isOurs) return 'new';
    this.#progress = known;
    this.#mayHaveSent = true;
    // The durable is gone though its snapshot was over: somebody wants it from the beginning again.
    if (!live && (!isOurs || known.phase === 'over')) {
      const fresh = { incarnation, upTo: lastSequence, startedAtMs: now(), after: '', lastSent: 0 };
      await this.#save({ ...fresh, phase: 'sending' });
    }
    return { sequence: this.#progress!.upTo + 1 };
  }

  start(): void {
    if (this.isUnderWay) this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { log, spec } = this.options;
    log.info({ consumer: spec.name, upTo: this.#progress?.upTo }, 'telling the records as they are, before what comes');
    while (!this.#stopping.signal.aborted) {
      try {
        if (await this.#step()) break;
      } catch (error) {
        log.warn({ consumer: spec.name, error: describeError(error) }, 'the snapshot cannot go on; trying again');
        await this.#pause(RETRY_MS);
      }
    }
    if (!this.isUnderWay) log.info({ consumer: spec.name }, 'every record was told; live from here');
  }

  /** True when all is over. */
  async #step(): Promise<boolean> {
    const { openDirect, onOver } = this.options;
    await openDirect();
    if (this.#progress!.phase === 'sending') {
      await this.#sendPage(this.#progress!);
      return false;
    }
    if (!(await this.#isSettled(this.#progress!.lastSent))) {
      await this.#pause(SETTLED_POLL_MS);
      return false;
    }
    await this.#save({ ...this.#progress!, phase: 'over' });
    if (!this.#stopping.signal.aborted) onOver();
    return true;
  }

  async #sendPage(progress: SnapshotProgress): Promise<void> {
    const { upTo, after } = progress;
    const page = await this.options.read({ upTo, after });
    const sequences = await Promise.all(page.events.map((event) => this.#send(event)));
    this.#mayHaveSent = false;
    const lastSent = Math.max(progress.lastSent, ...sequences);
    if (page.after === undefined) await this.#save({ ...progress, lastSent, phase: 'sent' });
    else await this.#save({ ...progress, lastSent, after: page.after });
  }

  /** Its sequence in CRM_DIRECT. */
  async #send({ id, subject, payload }: SnapshotEvent): Promise<number> {
    const { spec, nats } = this.options;
    const direct = directSubject(spec.name, subject);
    const messageId = `snapshot:${this.#progress!.startedAtMs}:${spec.name}:${id}`;
    if (this.#mayHaveSent) {
      // The stream knows message ids for two minutes only.
      const newest = await nats.getLastMessage('CRM_DIRECT', direct);
      if (newest?.header('Nats-Msg-Id') === messageId) return newest.sequence;
    }
    return (await nats.publish({ subject: direct, payload, messageId })).sequence;
  }

  async #isSettled(lastSent: number): Promise<boolean> {
    if (lastSent === 0) return true;
    const direct = await this.options.nats.durableState('CRM_DIRECT', this.options.spec.name);
    if (!direct) return false;
    // Nothing waits at all where somebody purged what was sent.
    return direct.ackFloorSequence >= lastSent || direct.pending + direct.ackPending === 0;
  }

  async #save(progress: SnapshotProgress): Promise<void> {
    await this.options.progress.save(progress);
    this.#progress = progress;
  }

  async #pause(ms: number): Promise<void> {
    await pauseFor(ms, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }
}
