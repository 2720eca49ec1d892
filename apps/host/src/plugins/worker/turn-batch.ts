/** Gathers what is to be sent until the turn's microtasks are through: a message between threads costs more than what is in it. */
export class TurnBatch<Item> {
  #items: Item[] = [];

  constructor(private readonly send: (items: Item[]) => void) {}

  add(item: Item): void {
    if (this.#items.push(item) === 1) process.nextTick(() => this.flush());
  }

  /** Sends now. */
  flush(): void {
    if (this.#items.length === 0) return;
    const items = this.#items;
    this.#items = [];
    this.send(items);
  }
}
