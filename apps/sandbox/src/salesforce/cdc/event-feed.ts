import type { Random } from '../../crm/draw-ids.js';
import { shuffle } from '../../hubspot/webhooks/plan-items.js';
import type { SalesforceKnobs } from '../knobs.js';
import type { ChangeEvent } from './change-event.js';
import type { EventCodec } from './event-codec.js';
import type { EventStream, StoredEvent } from './event-stream.js';

export interface EventFeedOptions {
  codec: EventCodec;
  stream: EventStream;
  knobs(): SalesforceKnobs;
  random: Random;
}

/** Change events on their way into the stream, spoiled as the knobs say. */
export class EventFeed {
  private waiting: StoredEvent[] = [];
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: EventFeedOptions) {}

  send(events: readonly ChangeEvent[]): void {
    const { random, knobs } = this.options;
    const { eventDropRate, eventDuplicateRate, eventDelayMs, eventGatherMs } = knobs();
    for (const event of events) {
      if (eventDropRate > 0 && random() < eventDropRate) continue;
      const stored = this.store(event);
      if (stored) this.waiting.push(stored);
      if (stored && eventDuplicateRate > 0 && random() < eventDuplicateRate) this.waiting.push(stored);
    }
    const waitMs = eventDelayMs + eventGatherMs;
    if (waitMs === 0) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), waitMs);
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private flush(): void {
    const { knobs, random, stream } = this.options;
    clearTimeout(this.timer);
    this.timer = undefined;
    const events = shuffle(this.waiting, knobs().eventDisorder, random);
    this.waiting = [];
    for (const event of events) stream.append(event);
  }

  private store(event: ChangeEvent): StoredEvent | undefined {
    const codec = this.options.codec.of(event.entityName);
    if (!codec) return undefined;
    const { entityName } = event;
    return { id: drawUuid(this.options.random), entityName, schemaId: codec.schemaId, payload: codec.encode(event) };
  }
}

function drawUuid(random: Random): string {
  const hex = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join('');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.*)$/, '$1-$2-4$3-8$4-$5');
}
