import { computeBackoffMs } from '@crm-mesh/delivery';
import { classifyError } from '@crm-mesh/sdk/running';

const BACKOFF = { initialMs: 1_000, maxMs: 300_000, factor: 2 };

/** How long nothing is asked after a failure: as the CRM says, or longer with each failure in a row (1 for the first). */
export function decideWaitMs(error: unknown, failures: number, random: number): number {
  const verdict = classifyError(error);
  if (verdict.kind === 'retry-later') return verdict.delayMs;
  const told = verdict.kind === 'unavailable' ? (verdict.retryAfterMs ?? 0) : 0;
  return told > 0 ? told : computeBackoffMs(BACKOFF, failures, random);
}
