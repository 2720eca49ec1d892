import { admit, CLOSED, recordAvailable, recordUnavailable, type Breaker } from './breaker.js';
import type { BreakerNotices } from './breaker-notices.js';
import type { RunOutcome } from './outcome.js';

export interface BreakersOptions {
  notices: BreakerNotices;
  now(): number;
  /** A breaker has opened (perhaps again, after a probe) or closed. */
  onChange(part: string, state: 'open' | 'closed'): void;
}

/** One breaker for each part of a consumer's downstream (for the normaliser: each connection). */
export class Breakers {
  private readonly parts = new Map<string, Breaker>();

  constructor(private readonly options: BreakersOptions) {}

  /** 0: run it now. Else: not before so many milliseconds. */
  admit(part: string): number {
    const { breaker, waitMs } = admit(this.parts.get(part) ?? CLOSED, this.options.now());
    if (breaker !== CLOSED) this.parts.set(part, breaker);
    return waitMs;
  }

  record(part: string, outcome: RunOutcome): void {
    if (outcome.kind === 'interrupted' || outcome.kind === 'killed') return;
    const before = this.parts.get(part) ?? CLOSED;
    if (before === CLOSED && outcome.kind !== 'unavailable') return;
    const after =
      outcome.kind === 'unavailable'
        ? recordUnavailable(before, this.options.now(), outcome.retryAfterMs)
        : recordAvailable();
    if (after === CLOSED) this.parts.delete(part);
    else this.parts.set(part, after);
    if (after.state === before.state || after.state === 'half-open') return;
    const { notices, onChange } = this.options;
    const isProbe = before.state === 'half-open' && after.state === 'open';
    if (!isProbe) notices.tell({ part, state: after.state, error: 'error' in outcome ? outcome.error : undefined });
    onChange(part, after.state);
  }

  isOpen(part: string): boolean {
    return (this.parts.get(part) ?? CLOSED).state !== 'closed';
  }

  /** The worst of all parts. */
  state(): Breaker['state'] {
    const states = new Set([...this.parts.values()].map((breaker) => breaker.state));
    return states.has('open') ? 'open' : states.has('half-open') ? 'half-open' : 'closed';
  }
}
