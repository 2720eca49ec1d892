import { performance } from 'node:perf_hooks';
import type { Link } from './link.js';

const REPEAT_MS = 2_000;

const subjectOf = (name: string): string => `mesh.lease.${name}`;

/** Of one that waits for a lease: told to whoever holds it, again and again. Core NATS: what gets lost is told again. */
export class Wish {
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly link: Link,
    private readonly name: string,
    private readonly load: () => number,
  ) {}

  tell(): void {
    const now = performance.now();
    if (!this.link.connected || now - this.#toldMs < REPEAT_MS) return;
    this.#toldMs = now;
    this.link.nc.publish(subjectOf(this.name), String(this.load()));
  }
}

/** Returns the way to stop it. */
export function listenForWishes(link: Link, name: string, listener: (load: number) => void): () => void {
  const subscription = link.nc.subscribe(subjectOf(name), {
    callback: (error, message) => {
      const load = error === null ? Number(message.string()) : Number.NaN;
      if (Number.isInteger(load)) listener(load);
    },
  });
  return () => {
    if (!link.nc.isClosed()) subscription.unsubscribe();
  };
}
