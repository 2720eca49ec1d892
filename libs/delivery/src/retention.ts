import type { Nats } from '@crm-mesh/jetstream';
import type { Logger } from '@crm-mesh/telemetry';
import type { ConsumerSpec } from './consumer-spec.js';
import type { Feed } from './feed.js';
import { describeError } from './outcome.js';
import type { DeliveryRecords } from './store/delivery-records.js';

/** How long what is done is remembered unless somebody says otherwise: so long a replay knows it. */
export const DEFAULT_RETENTION_MS = 7 * 86_400_000;
/** By so much the clocks of server, host and a plugin's database may differ. */
const CLOCKS_DIFFER_MS = 3_600_000;

export interface RetentionOptions {
  spec: Pick<ConsumerSpec, 'name' | 'forget'>;
  nats: Nats;
  log: Logger;
  records: DeliveryRecords;
  feeds: readonly Feed[];
  retentionMs: number;
  now(): number;
}

/** Keeps inboxes and receipts from growing for ever. What the server may deliver again is never forgotten, however old. */
export class Retention {
  constructor(private readonly options: RetentionOptions) {}

  /** Never rejects. */
  async prune(): Promise<void> {
    const { spec, log, records, feeds, now, retentionMs } = this.options;
    const beforeMs = now() - retentionMs;
    try {
      for (const { stream, incarnation, durable } of feeds) {
        await records.pruneInbox({ stream, incarnation, sequence: durable.ackFloorSequence }, beforeMs);
        await records.pruneOld({ stream, incarnation }, beforeMs);
      }
      if (!spec.forget) return;
      const unsettledMs = await Promise.all(feeds.map((feed) => this.#findUnsettled(feed)));
      await spec.forget(Math.min(beforeMs, ...unsettledMs.map((ms) => ms - CLOCKS_DIFFER_MS)));
    } catch (error) {
      log.warn({ consumer: spec.name, error: describeError(error) }, 'the inbox could not be pruned');
    }
  }

  /** Since when the oldest lies in the stream that is not settled: nothing was done for it before. */
  async #findUnsettled({ stream, durable }: Feed): Promise<number> {
    const oldest = await this.options.nats.getNextMessage(stream, durable.ackFloorSequence + 1);
    return oldest?.storedAtMs ?? Number.POSITIVE_INFINITY;
  }
}
