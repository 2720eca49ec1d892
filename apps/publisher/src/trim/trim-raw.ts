import type { Nats } from '@crm-mesh/jetstream';
import { chooseProbe, decideTrim } from './decide-trim.js';

export interface TrimOptions {
  nats: Nats;
  /** Sequence up to which every notification is settled for good; undefined while that is not known. */
  readSettled(): Promise<number | undefined>;
  now(): number;
  signal: AbortSignal;
  /** Default 7 days. */
  keepMs?: number;
  /** Default 10,000. */
  step?: number;
}

const STREAM = 'CRM_RAW';
const KEEP_MS = 7 * 86_400_000;
const STEP = 10_000;

/** Purges notifications that are settled and old, in small steps. Resolves to how many. */
export async function trimRaw(options: TrimOptions): Promise<number> {
  const { nats, signal, keepMs = KEEP_MS } = options;
  const youngestMs = options.now() - keepMs;
  let step = options.step ?? STEP;
  let purged = 0;
  while (!signal.aborted) {
    const settledSequence = await options.readSettled();
    if (settledSequence === undefined) return purged;
    const { firstSequence } = await nats.streamState(STREAM);
    const sequence = chooseProbe({ firstSequence, settledSequence, step });
    if (sequence === undefined) return purged;
    const probe = await nats.getMessage(STREAM, sequence);
    const decision = decideTrim(sequence, probe, { step, youngestMs });
    if (decision.kind === 'stop') return purged;
    if (decision.kind === 'narrow') step = decision.step;
    else purged += await nats.purgeBelow(STREAM, decision.below);
  }
  return purged;
}
