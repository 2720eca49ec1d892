/** Where runs wait for a worker. */
export class ReadyGate {
  #waiting: Promise<boolean> | undefined;
  #open: (isReady: boolean) => void = () => undefined;

  wait(): Promise<boolean> {
    return (this.#waiting ??= new Promise((resolve) => (this.#open = resolve)));
  }

  /** Tells all that wait now whether there is one; who comes later waits anew. */
  open(isReady: boolean): void {
    this.#open(isReady);
    this.#waiting = undefined;
  }
}
