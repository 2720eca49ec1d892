import type { WebhookItem } from './webhook-item.js';

export interface Attempt {
  attemptNumber: number;
  startedAt: string;
  durationMs: number;
  /** Of the answer; absent: there was none. */
  status?: number;
  error?: string;
}

/** One batch on its way, through all of its attempts. */
export interface Delivery {
  id: number;
  state: 'waiting' | 'delivered' | 'given-up';
  items: WebhookItem[];
  duplicates: number;
  attempts: Attempt[];
}

/** A long run must not fill the memory. */
const KEPT = 5_000;

/** The latest deliveries, oldest first. */
export class DeliveryLog {
  private readonly deliveries: Delivery[] = [];
  private opened = 0;

  open(items: WebhookItem[], duplicates: number): Delivery {
    const delivery: Delivery = { id: (this.opened += 1), state: 'waiting', items, duplicates, attempts: [] };
    this.deliveries.push(delivery);
    if (this.deliveries.length > KEPT) this.deliveries.shift();
    return delivery;
  }

  list(wanted: { state?: Delivery['state']; limit: number }): Delivery[] {
    const found = this.deliveries.filter(({ state }) => wanted.state === undefined || state === wanted.state);
    return found.slice(-wanted.limit);
  }
}
