import type { Nats } from '@crm-mesh/jetstream';
import { closeLetter, readOpenLetter } from './open-letters.js';

export interface DropRequest {
  consumer: string;
  /** Sequences in CRM_DEAD. */
  sequences: number[];
  /** Who asked; kept in CRM_AUDIT. */
  by: string;
}

export interface DropResult {
  dropped: number[];
  /** Not there (any more), or of another consumer. */
  missing: number[];
}

/** Closes dead letters without a redrive. */
export async function dropDeadLetters(nats: Nats, request: DropRequest, nowMs: number): Promise<DropResult> {
  const { consumer, sequences, by } = request;
  const { incarnation } = await nats.streamState('CRM_DEAD');
  const result: DropResult = { dropped: [], missing: [] };
  const at = new Date(nowMs).toISOString();
  for (const sequence of new Set(sequences)) {
    const open = await readOpenLetter(nats, consumer, sequence);
    if (open) await closeLetter(nats, open, { id: `drop:${incarnation}:${sequence}`, at, by, did: 'drop' });
    (open ? result.dropped : result.missing).push(sequence);
  }
  return result;
}
