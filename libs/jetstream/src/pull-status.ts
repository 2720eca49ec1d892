import { millis } from '@nats-io/transport-node';

/**
 * What a status of the server means for a pull. `again`: the request is over, ask anew. `limited`: over what an operator
 * allows. `check`: look whether the consumer is still there. `crowded`: too many requests wait, of us or others.
 */
export type PullStep = 'alive' | 'again' | 'limited' | 'check' | 'crowded' | 'refused';

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
  if (text.includes('maxwaiting')) return 'crowded';
  if (text.includes('exceeded') || text.includes('exceeds')) return 'limited';
  if (text.includes('push based')) return 'refused';
  // Batch completed, leadership change, server shutdown.
  return 'again';
}

export interface PullLimits {
  maxBatch: number;
  expiresMs: number;
  heartbeatMs: number;
}

const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 5_000;

/** As in the consumer's configuration: 0 or absent means no limit. */
export interface OperatorLimits {
  max_batch?: number;
  /** In nanoseconds. */
  max_expires?: number;
}

/** What an operator set on the consumer clamps what we ask for: above it nothing would ever come. */
export function clampPull(maxMessages: number, operator: OperatorLimits): PullLimits {
  const maxBatch = Math.min(maxMessages, operator.max_batch || maxMessages);
  const expiresMs = Math.min(EXPIRES_MS, operator.max_expires ? millis(operator.max_expires) : EXPIRES_MS);
  // The server wants a heartbeat to fit twice into the request's life.
  return { maxBatch, expiresMs, heartbeatMs: Math.min(HEARTBEAT_MS, Math.floor(expiresMs / 2)) };
}
