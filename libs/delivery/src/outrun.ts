import type { Nats } from '@crm-mesh/jetstream';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import type { Feed } from './feed.js';
import { describeError } from './outcome.js';

/** Raises an alarm when a stream forgets (by age, size or purge) what the consumer has not been given. */
export class Outrun {
  /** At most so many messages were missed; the consumer may not have wanted all of them. */
  missed = 0;
  readonly #countedTo = new Map<string, number>();
  readonly #total;

  constructor(private readonly options: { consumer: string; nats: Nats; log: Logger; metrics: Metrics }) {
    this.#total = options.metrics.counter(
      'mesh_delivery_missed_total',
      'Messages that left the stream before the consumer was given them, wanted or not.',
      ['consumer'],
    );
  }

  async look({ stream, durable, incarnation }: Feed): Promise<void> {
    const { nats, log, consumer } = this.options;
    // One that never was given anything began where its stream began.
    if (durable.deliveredSequence === 0) return;
    try {
      const { firstSequence } = await nats.streamState(stream);
      const key = `${stream}:${incarnation}`;
      const from = Math.max(durable.deliveredSequence, this.#countedTo.get(key) ?? 0);
      const count = firstSequence - 1 - from;
      if (count <= 0) return;
      this.#countedTo.set(key, firstSequence - 1);
      this.missed += count;
      this.#total.inc({ consumer }, count);
      const cure = `Load them anew from the CRM; then give ${stream} more room or age, or the consumer more speed.`;
      log.error(
        { consumer, stream, missed: count, from: from + 1, to: firstSequence - 1, cure },
        'the stream has forgotten what was not delivered yet',
      );
    } catch (error) {
      log.debug({ consumer, error: describeError(error) }, 'the stream cannot be looked at now');
    }
  }
}
