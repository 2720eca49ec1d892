interface OpenRequest {
  left: number;
  expiresAtMs: number;
}

/**
 * The requests that the server still has to fill. It fills the oldest first and does not say for which one a message
 * comes, so messages count against the oldest.
 */
export class PullRequests {
  readonly #open = new Map<string, OpenRequest>();

  get outstanding(): number {
    let sum = 0;
    for (const request of this.#open.values()) sum += request.left;
    return sum;
  }

  get size(): number {
    return this.#open.size;
  }

  add(id: string, batch: number, expiresAtMs: number): void {
    this.#open.set(id, { left: batch, expiresAtMs });
  }

  countMessage(): void {
    for (const [id, request] of this.#open) {
      request.left -= 1;
      if (request.left <= 0) this.#open.delete(id);
      return;
    }
  }

  end(id: string): void {
    this.#open.delete(id);
  }

  /** Those whose end the server should have told long ago. */
  dropOverdue(nowMs: number, graceMs: number): void {
    for (const [id, request] of this.#open) if (request.expiresAtMs + graceMs < nowMs) this.#open.delete(id);
  }

  clear(): void {
    this.#open.clear();
  }
}
