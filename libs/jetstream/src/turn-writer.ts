/**
 * Gathers what is written within one turn of the event loop, so that the socket is written to once for all of it: the
 * client writes once per microtask, which over HTTP is once per request.
 */
export class TurnWriter {
  #writes: (() => void)[] = [];

  /** `write` must not throw. */
  add(write: () => void): void {
    if (this.#writes.push(write) === 1) setImmediate(() => this.flush());
  }

  /** Writes now. */
  flush(): void {
    const writes = this.#writes;
    this.#writes = [];
    for (const write of writes) write();
  }
}
