/** How much a token, and the company, may ask. */
export interface PipedriveLimits {
  /** Requests of one token in `intervalMs`; 20 with an API token on the smallest plan. */
  burst: number;
  intervalMs: number;
  /** Tokens of the company in a day: 30,000 times plan and seats. */
  dailyTokens: number;
  /** Who is refused so often in a row meets Cloudflare. */
  cloudflareAfter: number;
  cloudflareMs: number;
}

export const DEFAULT_LIMITS: PipedriveLimits = {
  burst: 20,
  intervalMs: 2_000,
  dailyTokens: 30_000,
  cloudflareAfter: 10,
  cloudflareMs: 60_000,
};

export interface Verdict {
  headers: Record<string, string>;
  refusal?: 'burst' | 'daily' | 'cloudflare';
}

const DAY_MS = 86_400_000;

/** Counts requests in bursts, and their tokens in days. */
export class LimitCounter {
  private recent: number[] = [];
  private day = { number: 0, used: 0 };
  private refusals = 0;
  private cloudflareUntilMs = 0;

  constructor(
    private readonly limits: PipedriveLimits,
    private readonly now: () => number,
  ) {}

  admit(cost: number): Verdict {
    const nowMs = this.now();
    if (nowMs < this.cloudflareUntilMs) return { headers: {}, refusal: 'cloudflare' };
    const { burst, intervalMs, dailyTokens } = this.limits;
    this.recent = this.recent.filter((atMs) => atMs > nowMs - intervalMs);
    const number = Math.floor(nowMs / DAY_MS);
    if (number !== this.day.number) this.day = { number, used: 0 };
    if (this.day.used + cost > dailyTokens) return this.refuse('daily', nowMs, { spent: true });
    if (this.recent.length >= burst) return this.refuse('burst', nowMs, { spent: false });
    this.recent.push(nowMs);
    this.day.used += cost;
    this.refusals = 0;
    return { headers: this.describe(nowMs) };
  }

  private refuse(refusal: 'burst' | 'daily', nowMs: number, { spent }: { spent: boolean }): Verdict {
    const { cloudflareAfter, cloudflareMs } = this.limits;
    this.refusals += 1;
    if (this.refusals > cloudflareAfter) {
      this.refusals = 0;
      this.cloudflareUntilMs = nowMs + cloudflareMs;
      return { headers: {}, refusal: 'cloudflare' };
    }
    const headers = this.describe(nowMs);
    return { headers: spent ? { ...headers, 'x-daily-ratelimit-token-remaining': '0' } : headers, refusal };
  }

  private describe(nowMs: number): Record<string, string> {
    const { burst, intervalMs, dailyTokens } = this.limits;
    const resetMs = (this.recent[0] ?? nowMs) + intervalMs - nowMs;
    return {
      'x-ratelimit-limit': String(burst),
      'x-ratelimit-remaining': String(Math.max(0, burst - this.recent.length)),
      'x-ratelimit-reset': String(Math.max(1, Math.ceil(resetMs / 1_000))),
      'x-daily-ratelimit-token-limit': String(dailyTokens),
      'x-daily-ratelimit-token-remaining': String(dailyTokens - this.day.used),
    };
  }
}

const COSTS: Readonly<Record<string, number>> = { GET: 1, DELETE: 3 };

/** In tokens: what is listed costs ten times what is read alone, and version 1 twice as much as version 2. */
export function costOf(method: string, path: string): number {
  const isList = method === 'GET' && !/\/\d+$|\/[0-9a-f-]{36}$/.test(path);
  const cost = isList ? 10 : (COSTS[method] ?? 5);
  return path.startsWith('/api/v2/') ? cost : cost * 2;
}
