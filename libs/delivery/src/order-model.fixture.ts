import type { Schedule } from './order-schedule.fixture.js';
import type { SettledNotice } from './settled-notice.js';

// For order.property.spec.ts: what a correct engine may do. Knows nothing of lanes, barriers or stores.

/** `r1:3` is the third event of the record r1. */
type EventId = string;

export class OrderModel {
  readonly violations: string[] = [];
  readonly #published: EventId[] = [];
  /** Of each record, how many of its events have come to their end, in order. */
  readonly #ended = new Map<string, number>();
  readonly #known = new Set<EventId>();
  /** Done, and written down: it may not run again. */
  readonly #acked = new Set<EventId>();
  readonly #trace: string[] = [];

  constructor(private readonly order: Schedule['order']) {}

  /** The next event of a record. */
  publish(record: number): EventId {
    const own = this.#published.filter((id) => id.startsWith(`r${record}:`)).length;
    const id = `r${record}:${own + 1}`;
    this.#published.push(id);
    return id;
  }

  note(what: string): void {
    this.#trace.push(what);
  }

  /** A run begins. A redriven event runs again by right. */
  begin(id: EventId, isRedriven: boolean): void {
    this.note(`${id} runs`);
    if (this.#acked.has(id) && !isRedriven) this.#blame(`${id} runs again, though it was done and acked`);
  }

  /** Its effect is there. */
  complete(id: EventId): void {
    this.note(`${id} done`);
    this.#end(id);
  }

  /** A person wants it no more. */
  drop(id: EventId): void {
    this.note(`${id} dropped`);
    this.#end(id);
  }

  settle({ result }: SettledNotice, id: EventId): void {
    this.note(`${id} ${result}`);
    if (result === 'acked' || result === 'buried') this.#acked.add(id);
    // In strict order a dead letter is not the end of its event.
    if (result === 'buried' && this.order === 'record') this.#end(id);
  }

  /** At last everything must have come to its end. */
  finish(): void {
    const lost = this.#published.filter((id) => !this.#known.has(id));
    if (lost.length > 0) this.#blame(`lost: ${lost.join(' ')}`);
  }

  get report(): string {
    return [...this.violations, ...this.#trace].join('\n');
  }

  #end(id: EventId): void {
    if (this.#known.has(id)) return;
    this.#known.add(id);
    const [record, number] = id.split(':') as [string, string];
    const before = this.#ended.get(record) ?? 0;
    if (Number(number) !== before + 1) this.#blame(`${id} ends before ${record}:${before + 1}`);
    this.#ended.set(record, Math.max(before, Number(number)));
  }

  #blame(what: string): void {
    this.violations.push(what);
    this.note(`>>> ${what}`);
  }
}
