import type { Mismatch } from './mismatch.js';

/** What one step of a comparison has found. */
export interface ComparisonStep {
  /** From where a comparison that is begun again goes on: everything before it is in the steps so far. */
  cursor: string;
  /** Records that were compared, also by a digest over many. */
  compared: number;
  /** How many there are to compare in all, where that is known. */
  total?: number;
  /** Rows that were read one by one, on both sides. */
  rows: number;
  /** Requests that were sent to the CRM, or to the plugin. */
  calls: number;
  found: readonly Mismatch[];
  /** What the next step waits for, and until when (epoch milliseconds). */
  waits?: { untilMs: number; why: string };
}

/** One leg for one entity: a pure reading, that changes nothing on either side. */
export interface Comparison {
  /** Goes on behind the cursor of an earlier step, of an earlier process too; absent: from the beginning. */
  steps(cursor: string | undefined, signal: AbortSignal): AsyncIterable<ComparisonStep>;
}

/** How one repair ended. `overtaken`: something newer came meanwhile, and nothing was sent. */
export type RepairOutcome = 'sent' | 'overtaken' | 'impossible';

/** Sends what makes the two sides equal. Idempotent within a run: asked again for the same mismatch it sends nothing twice. */
export interface Repairer {
  repair(mismatch: Mismatch, run: { run: string; by: string; label: string }): Promise<RepairOutcome>;
}
