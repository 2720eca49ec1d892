import type { Logger } from '@crm-mesh/telemetry';
import { pauseFor } from '../pause-for.js';
import { trimClaims } from './trim-claims.js';
import { trimRaw, type TrimOptions } from './trim-raw.js';

const EVERY_MS = 600_000;

/** Trims CRM_RAW and what it has left in the object store, from time to time. */
export class RawTrimmer {
  readonly #stopping = new AbortController();
  #ended: Promise<void> = Promise.resolve();

  constructor(private readonly options: Omit<TrimOptions, 'signal'> & { log: Logger; everyMs?: number }) {}

  start(): void {
    this.#ended = this.#run(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { log, everyMs = EVERY_MS } = this.options;
    while (!signal.aborted) {
      try {
        const purged = await trimRaw({ ...this.options, signal });
        if (purged > 0) log.info({ purged }, 'trimmed CRM_RAW');
        const deleted = await trimClaims(this.options.nats, this.options.now);
        if (deleted > 0) log.info({ deleted }, 'objects that no message names any more were deleted');
      } catch (error) {
        log.warn({ err: error }, 'CRM_RAW could not be trimmed; it is tried again');
      }
      await pauseFor(everyMs, signal);
    }
  }
}
