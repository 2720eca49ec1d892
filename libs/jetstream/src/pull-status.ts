import type { PullOptions } from './pull-options.js';

/**
 * What a status of the server means for a pull. `again`: the request is over, ask anew. `limited`: over what an operator
 * allows. `check`: look whether the consumer is still there.
 */
export type PullStep = 'alive' | 'again' | 'limited' | 'check' | 'refused';

export function decidePullStatus(code: number, description: string): PullStep {
  const text = description.toLowerCase();
  switch (code) {
    case 100:
      return 'alive';
    case 404:
    case 408:
      return 'again';
    case 409:
      return decideConflict(text);
    case 503:
      return 'check';
    default:
      return 'refused';
  }
}

function decideConflict(text: string): PullStep {
  if (text.includes('deleted')) return 'check';
  if (text.includes('exceeded') || text.includes('exceeds')) return 'limited';
  if (text.includes('push based')) return 'refused';
  // Batch completed, leadership change, server shutdown.
  return 'again';
}

export interface PullLimits {
  maxBatch: number;
  expiresMs: number;
  /** 0: none, the request does not live long enough for them. */
  heartbeatMs: number;
  /** How often to look whether the server still answers. */
  watchMs: number;
}

const NANOS_PER_MS = 1e6;
const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 5_000;
/** Also asked anew not faster than this where an operator lets requests live but for a moment: that would spin. */
const LEAST_WATCH_MS = 250;

/** As in the consumer's configuration: 0 or absent means no limit. */
export interface OperatorLimits {
  max_batch?: number;
  /** In nanoseconds. */
  max_expires?: number;
}

/** What an operator set on the consumer clamps what we ask for: above it nothing would ever come. */
export function clampPull(
  { maxMessages, expiresMs: wanted = EXPIRES_MS }: Pick<PullOptions, 'maxMessages' | 'expiresMs'>,
  operator: OperatorLimits,
): PullLimits {
  const maxBatch = Math.min(maxMessages, operator.max_batch || maxMessages);
  const expiresMs = Math.min(wanted, operator.max_expires ? operator.max_expires / NANOS_PER_MS : wanted);
  // The server wants a heartbeat to fit twice into the request's life.
  const heartbeatMs = Math.min(HEARTBEAT_MS, Math.floor(expiresMs / 2));
  return { maxBatch, expiresMs, heartbeatMs, watchMs: Math.max(LEAST_WATCH_MS, heartbeatMs) };
}

/** What makes events come late though all is well, in words; undefined where nothing does. */
export function describeDelay(limits: PullLimits, consumer: CrowdedConsumer): string | undefined {
  const { expiresMs, watchMs } = limits;
  if (isTooBrief(limits)) return `max_expires of ${expiresMs} ms is so short that events may come ${watchMs} ms late`;
  const { num_waiting: waiting, config } = consumer;
  // The server drops further requests without a word (2.15).
  if (config.max_waiting && waiting >= config.max_waiting)
    return `${waiting} requests wait on it, which is all that its max_waiting allows: other pulls take their turns`;
  return undefined;
}

interface CrowdedConsumer {
  num_waiting: number;
  config: { max_waiting?: number };
}

/** Such requests end before anybody has something to send: events then come late, by up to {@link PullLimits.watchMs}. */
export function isTooBrief({ expiresMs, watchMs }: PullLimits): boolean {
  return expiresMs < watchMs;
}
