import { refuse } from '../salesforce-error.js';

interface Deleted {
  id: string;
  atMs: number;
}

const DAY_MS = 86_400_000;
export const DELETED_WINDOW_MS = 15 * DAY_MS;

/** Which ids were deleted lately. What is restored leaves it; what is old, or too much, is forgotten. */
export class DeleteLog {
  private readonly deleted = new Map<string, Map<string, Deleted>>();
  private trimmedAtMs = 0;

  has(objectName: string, id: string): boolean {
    return this.of(objectName).has(id);
  }

  add(objectName: string, id: string, atMs: number): void {
    this.of(objectName).set(id, { id, atMs });
  }

  remove(objectName: string, id: string): void {
    this.of(objectName).delete(id);
  }

  /** Salesforce does so every two hours when the log is large: what was not asked for until then is never told. */
  trim(nowMs: number): void {
    this.trimmedAtMs = nowMs;
  }

  earliestMs(nowMs: number): number {
    return Math.max(this.trimmedAtMs, nowMs - DELETED_WINDOW_MS);
  }

  /** From `startMs` (included) to `endMs` (not included). */
  list(objectName: string, window: { startMs: number; endMs: number }): Deleted[] {
    if (window.startMs < this.trimmedAtMs)
      throw refuse('INVALID_REPLICATION_DATE', 'startDate is before what the delete log still holds');
    const found = [...this.of(objectName).values()];
    return found.filter(({ atMs }) => atMs >= window.startMs && atMs < window.endMs);
  }

  private of(objectName: string): Map<string, Deleted> {
    let log = this.deleted.get(objectName);
    if (!log) this.deleted.set(objectName, (log = new Map<string, Deleted>()));
    return log;
  }
}
