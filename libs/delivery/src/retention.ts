import type { Nats } from '@crm-mesh/jetstream';
import type { Logger } from '@crm-mesh/telemetry';
import type { ConsumerSpec } from './consumer-spec.js';
import type { Feed } from './feed.js';
import { describeError } from './outcome.js';
import { nameDurables } from './partition.js';
import type { DeliveryRecords } from './store/delivery-records.js';

/** How long what is done is remembered unless somebody says otherwise: so long a replay knows it. */
export const DEFAULT_RETENTION_MS = 7 * 86_400_000;
/** By so much the clocks of server, host and a plugin's database may differ. */
const CLOCKS_DIFFER_MS = 3_600_000;

export interface RetentionOptions {
  spec: Pick<ConsumerSpec, 'name' | 'partition' | 'forget'>;
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
      for (const feed of feeds) {
        const { stream, incarnation } = feed;
        await records.pruneInbox({ stream, incarnation, sequence: await this.#readFloor(feed) }, beforeMs);
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
  async #findUnsettled(feed: Feed): Promise<number> {
    const oldest = await this.options.nats.getNextMessage(feed.stream, (await this.#readFloor(feed)) + 1);
    return oldest?.storedAtMs ?? Number.POSITIVE_INFINITY;
  }

  /** Of all partitions the lowest: with another number of them, all that lies above it comes again. */
  async #readFloor({ stream, durable }: Feed): Promise<number> {
    const { spec, nats } = this.options;
    if (!spec.partition) return durable.ackFloorSequence;
    const names = nameDurables(spec.name, spec.partition.count);
    const states = await Promise.all(names.map((name) => nats.durableState(stream, name)));
    return Math.min(...states.map((state) => state?.ackFloorSequence ?? 0));
  }
}
