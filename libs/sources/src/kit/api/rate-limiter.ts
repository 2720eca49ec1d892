import { URGENCIES, type ApiDescription, type Urgency } from '@crm-mesh/sdk';

type Limits = ApiDescription['limits'];

/** One who waits for a turn. */
interface Waiting {
  cost: number;
  begin(): void;
  giveUp(error: Error): void;
}

/** What `repair` and `backfill` leave free of the limit, so that a live request finds room whenever it comes. */
const LIVE_SHARE = 0.1;

/**
 * Turns under a CRM's rate limit: so many (or so much cost) in any stretch of time as long as the interval, so many at
 * once. Whoever is more urgent goes first, and nobody overtakes whom the limit lets wait: a costly request would wait
 * for ever behind cheap ones.
 */
export class RateLimiter {
  private readonly lines: Record<Urgency, Waiting[]> = { live: [], repair: [], backfill: [] };
  /** What was spent in the last interval, the oldest first, in whole milliseconds of the process's clock. */
  private readonly spendings: { atMs: number; cost: number }[] = [];
  private spent = 0;
  private underWay = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly limits: Limits) {}

  /** Runs the task when its turn comes. */
  async run<T>(turn: { urgency: Urgency; cost: number }, task: () => Promise<T>): Promise<T> {
    await new Promise<void>((begin, giveUp) => {
      this.lines[turn.urgency].push({ cost: turn.cost, begin, giveUp });
      this.advance();
    });
    try {
      return await task();
    } finally {
      this.underWay -= 1;
      this.advance();
    }
  }

  /** Others use the account too: what the CRM says is left wins over our own count, where it is less. */
  lowerTo(remaining: number): void {
    this.forget();
    const own = this.limits.requests - this.spent;
    if (remaining < own) this.spend(own - Math.max(0, remaining));
  }

  /** Everybody who waits gets this error. */
  dropWaiting(error: Error): void {
    for (const urgency of URGENCIES) for (const { giveUp } of this.lines[urgency].splice(0)) giveUp(error);
    clearTimeout(this.timer);
  }

  countWaiting(): Record<Urgency, number> {
    const { live, repair, backfill } = this.lines;
    return { live: live.length, repair: repair.length, backfill: backfill.length };
  }

  private advance(): void {
    clearTimeout(this.timer);
    for (const urgency of URGENCIES) {
      const line = this.lines[urgency];
      while (line.length > 0) {
        const waitMs = this.waitMsOf(urgency, line[0]!.cost);
        if (waitMs > 0) {
          // Without a free place there is nothing to wait for but the end of a request.
          if (waitMs < Infinity) this.timer = setTimeout(() => this.advance(), waitMs);
          return;
        }
        const { cost, begin } = line.shift()!;
        this.underWay += 1;
        this.spend(cost);
        begin();
      }
    }
  }

  /** How long until the limit has room for it; Infinity: until a request ends. */
  private waitMsOf(urgency: Urgency, cost: number): number {
    this.forget();
    const { requests, intervalMs, concurrent } = this.limits;
    const isLive = urgency === 'live';
    if (this.underWay >= (isLive ? concurrent : Math.max(1, concurrent - 1))) return Infinity;
    const share = isLive ? requests : requests - Math.floor(requests * LIVE_SHARE);
    // What costs more than there ever is goes when nothing else was spent.
    let tooMuch = this.spent + Math.min(cost, share) - share;
    if (tooMuch <= 0) return 0;
    for (const spending of this.spendings) {
      tooMuch -= spending.cost;
      if (tooMuch <= 0) return Math.max(1, Math.ceil(spending.atMs + intervalMs - performance.now()));
    }
    return 0;
  }

  private spend(cost: number): void {
    const atMs = Math.ceil(performance.now());
    const last = this.spendings.at(-1);
    this.spent += cost;
    if (last?.atMs === atMs) last.cost += cost;
    else this.spendings.push({ atMs, cost });
  }

  private forget(): void {
    const untilMs = performance.now() - this.limits.intervalMs;
    const fresh = this.spendings.findIndex(({ atMs }) => atMs > untilMs);
    for (const { cost } of this.spendings.splice(0, fresh === -1 ? this.spendings.length : fresh)) this.spent -= cost;
  }
}
