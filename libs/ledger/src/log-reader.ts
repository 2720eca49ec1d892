import { MeshError } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import type { LoggedEvent } from './ledger-entry.js';
import { LogPosition } from './log-position.js';
import { readLoggedEvent } from './read-logged-event.js';

export interface LedgerLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface LogReaderOptions {
  nats: Nats;
  log: LedgerLog;
  stream: string;
  /** Of the stream that it reads. */
  incarnation: string;
  /** Sequence up to which everything is applied already. */
  from: number;
  gapMs: number;
  /** Milliseconds that never go back. */
  now(): number;
  apply(logged: LoggedEvent): Promise<unknown>;
}

/** Follows the log for one life of the ledger: up to where all is applied, and how lately that was the end. */
export class LogReader {
  readonly #options: LogReaderOptions;
  readonly #position: LogPosition;
  #gapTimer: NodeJS.Timeout | undefined;
  #readingGap: Promise<void> | undefined;
  #refreshing: Promise<void> | undefined;
  #freshAtMs = -Infinity;
  #ended = false;

  constructor(options: LogReaderOptions) {
    this.#options = options;
    this.#position = new LogPosition(options.from);
  }

  get incarnation(): string {
    return this.#options.incarnation;
  }

  /** Sequence up to which everything in the log is applied. */
  get upTo(): number {
    return this.#position.upTo;
  }

  /** Everything that was in the log at this moment is applied. */
  get freshAtMs(): number {
    return this.#freshAtMs;
  }

  /** This one is applied: the ledger had it from elsewhere. */
  mark(sequence: number): void {
    this.#position.mark(sequence);
    this.#watchGap();
  }

  /** Reads what others, or a publish whose answer was lost, have put into the log. Joins a reading under way. */
  refresh(): Promise<void> {
    if (this.#ended) return Promise.reject(new Error('the ledger is closed, or could not begin again'));
    this.#refreshing ??= this.#readTail().finally(() => (this.#refreshing = undefined));
    return this.#refreshing;
  }

  /** Applies nothing more; resolves when nothing is under way. */
  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#gapTimer);
    await Promise.allSettled([this.#refreshing, this.#readingGap]);
  }

  async #readTail(): Promise<void> {
    const { nats, stream, incarnation, now } = this.#options;
    const startedAtMs = now();
    const state = await nats.streamState(stream);
    if (state.incarnation !== incarnation) {
      throw new MeshError('MESH_LEDGER_LOG_REPLACED', `${stream} was deleted and made anew while the ledger was open.`);
    }
    const isRead = await this.#readRange(this.#position.upTo + 1, state.lastSequence);
    if (isRead) this.#freshAtMs = startedAtMs;
  }

  /** False: it was ended before. */
  async #readRange(fromSequence: number, toSequence: number): Promise<boolean> {
    const { nats, stream, log, apply } = this.#options;
    if (fromSequence > toSequence) return !this.#ended;
    for await (const message of nats.readStream(stream, { fromSequence, toSequence })) {
      if (this.#ended) return false;
      const logged = await readLoggedEvent(nats, message);
      if (logged) await apply(logged);
      else log.warn({ sequence: message.sequence, subject: message.subject }, 'no event of ours, passed over');
      this.#position.advanceTo(message.sequence);
    }
    this.#position.advanceTo(toSequence);
    return !this.#ended;
  }

  #watchGap(): void {
    const gap = this.#position.gap();
    if (!gap || this.#gapTimer || this.#ended) return;
    const read = (): void => void (this.#readingGap = this.#readGap(gap.from));
    this.#gapTimer = setTimeout(read, this.#options.gapMs);
  }

  /** Only what has been missing since the timer was set: the rest are answers on their way. */
  async #readGap(since: number): Promise<void> {
    const gap = this.#position.gap();
    try {
      if (gap?.from === since) await this.#readRange(gap.from, gap.to);
    } catch (error) {
      this.#options.log.warn({ err: error, from: since }, 'a gap in the log could not be read yet');
    }
    this.#gapTimer = undefined;
    this.#watchGap();
  }
}
