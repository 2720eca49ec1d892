/** How many requests a portal's apps may make. */
export interface RateLimits {
  /** In each rolling interval; 100 for private apps on Free and Starter. */
  maxPerInterval: number;
  intervalMs: number;
  daily: number;
  /** Search has a limit of its own, in each second, and tells nothing of it in headers. */
  searchPerSecond: number;
  /** HubSpot does not promise the header; some answers have it. */
  sendsRetryAfter: boolean;
}

export const DEFAULT_RATE_LIMITS: RateLimits = {
  maxPerInterval: 100,
  intervalMs: 10_000,
  daily: 250_000,
  searchPerSecond: 5,
  sendsRetryAfter: false,
};

export interface Verdict {
  headers: Record<string, string>;
  /** Set when the request is refused. */
  refusal?: { policyName: string; message: string };
}

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;

/** Counts the requests of one portal. A refused request counts for nothing. */
export class RateLimiter {
  private recent: number[] = [];
  private searches: number[] = [];
  private day = { number: 0, used: 0 };

  constructor(
    private readonly limits: RateLimits,
    private readonly now: () => number,
  ) {}

  admit(request: { search: boolean; oauth: boolean }): Verdict {
    const nowMs = this.now();
    return request.search ? this.admitSearch(nowMs) : this.admitOther(nowMs, request.oauth);
  }

  private admitSearch(nowMs: number): Verdict {
    const { searchPerSecond } = this.limits;
    this.searches = this.searches.filter((atMs) => atMs > nowMs - SECOND_MS);
    if (this.searches.length >= searchPerSecond) {
      const waitMs = (this.searches[0] ?? nowMs) + SECOND_MS - nowMs;
      return this.refuse({}, { policyName: 'SECONDLY', message: 'You have reached your secondly limit.' }, waitMs);
    }
    this.searches.push(nowMs);
    return { headers: {} };
  }

  private admitOther(nowMs: number, oauth: boolean): Verdict {
    const { maxPerInterval, intervalMs, daily } = this.limits;
    this.recent = this.recent.filter((atMs) => atMs > nowMs - intervalMs);
    const number = Math.floor(nowMs / DAY_MS);
    if (number !== this.day.number) this.day = { number, used: 0 };
    if (this.day.used >= daily) {
      return this.refuse(
        this.describe(oauth),
        { policyName: 'DAILY', message: 'You have reached your daily limit.' },
        (number + 1) * DAY_MS - nowMs,
      );
    }
    if (this.recent.length >= maxPerInterval) {
      const waitMs = (this.recent[0] ?? nowMs) + intervalMs - nowMs;
      const refusal = {
        policyName: 'TEN_SECONDLY_ROLLING',
        message: 'You have reached your ten_secondly_rolling limit.',
      };
      return this.refuse(this.describe(oauth), refusal, waitMs);
    }
    this.recent.push(nowMs);
    this.day.used += 1;
    return { headers: this.describe(oauth) };
  }

  private refuse(headers: Record<string, string>, refusal: Verdict['refusal'], waitMs: number): Verdict {
    const retryAfter = { 'Retry-After': String(Math.max(1, Math.ceil(waitMs / SECOND_MS))) };
    return { headers: this.limits.sendsRetryAfter ? { ...headers, ...retryAfter } : headers, refusal };
  }

  /** The daily pair is absent with OAuth. */
  private describe(oauth: boolean): Record<string, string> {
    const { maxPerInterval, intervalMs, daily } = this.limits;
    const day = {
      'X-HubSpot-RateLimit-Daily': String(daily),
      'X-HubSpot-RateLimit-Daily-Remaining': String(daily - this.day.used),
    };
    return {
      ...(oauth ? {} : day),
      'X-HubSpot-RateLimit-Interval-Milliseconds': String(intervalMs),
      'X-HubSpot-RateLimit-Max': String(maxPerInterval),
      'X-HubSpot-RateLimit-Remaining': String(maxPerInterval - this.recent.length),
    };
  }
}
