import type { Nats } from '@crm-mesh/jetstream';
import type { Ledger } from '@crm-mesh/ledger';
import { NORMALISER } from '../../normaliser/normaliser.js';
import { pauseFor } from '../../pause-for.js';

const LOOK_AGAIN_MS = 100;
/**
 * A record that a CRM does not show yet is tried again for ten seconds. What waits longer (for a CRM that is down) is known
 * of by itself: it is in flight, or parked.
 */
const LONGEST_MS = 30_000;

/** Resolves when the normaliser has dealt with all that lies in CRM_RAW by now, and the ledger knows what it has told. */
export async function catchUp(nats: Nats, ledger: Pick<Ledger, 'refresh'>, signal: AbortSignal): Promise<void> {
  const { lastSequence } = await nats.streamState('CRM_RAW');
  const startedAtMs = performance.now();
  for (;;) {
    signal.throwIfAborted();
    const durable = await nats.durableState('CRM_RAW', NORMALISER);
    if ((durable?.ackFloorSequence ?? 0) >= lastSequence) break;
    if (performance.now() - startedAtMs > LONGEST_MS) break;
    await pauseFor(LOOK_AGAIN_MS, signal);
  }
  await ledger.refresh();
}
