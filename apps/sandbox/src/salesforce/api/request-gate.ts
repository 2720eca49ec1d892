import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from '../../crm/draw-ids.js';
import type { SalesforceKnobs } from '../knobs.js';
import { SalesforceError } from '../salesforce-error.js';
import type { Sessions } from './sessions.js';

export interface RequestGateOptions {
  sessions: Sessions;
  knobs(): SalesforceKnobs;
  random: Random;
  dailyLimit: number;
  /** Epoch milliseconds. */
  now(): number;
  count(outcome: 'admitted' | 'refused' | 'limited' | 'failed'): void;
}

const DAY_MS = 86_400_000;

/** What every request to the API passes first: who asks, how often, and the faults that were asked for. */
export class RequestGate {
  private recent: number[] = [];

  constructor(private readonly options: RequestGateOptions) {}

  /** Requests of the last 24 hours: the limit rolls. */
  get used(): number {
    const since = this.options.now() - DAY_MS;
    if ((this.recent[0] ?? Infinity) <= since) this.recent = this.recent.filter((atMs) => atMs > since);
    return this.recent.length;
  }

  get dailyLimit(): number {
    return this.options.dailyLimit;
  }

  /** Sets the headers that the answer carries, whatever it is; throws when it is an error. */
  async enter(authorization: string | undefined, setHeader: (name: string, value: string) => void): Promise<void> {
    const { knobs, count, sessions, dailyLimit, now } = this.options;
    const { apiDelayMs, limitStatus } = knobs();
    if (apiDelayMs > 0) await wait(apiDelayMs);
    this.fail();
    try {
      sessions.check(authorization);
    } catch (error) {
      count('refused');
      throw error;
    }
    const isOver = this.used >= dailyLimit;
    if (!isOver) this.recent.push(now());
    setHeader('Sforce-Limit-Info', `api-usage=${this.used}/${dailyLimit}`);
    if (isOver || this.takeNext('limitNext')) {
      count('limited');
      throw new SalesforceError(isOver ? 403 : limitStatus, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.');
    }
    count('admitted');
  }

  private fail(): void {
    const { knobs, random, count } = this.options;
    const { apiFailRate, apiFailStatus } = knobs();
    if (!this.takeNext('apiFailNext') && !(apiFailRate > 0 && random() < apiFailRate)) return;
    count('failed');
    if (apiFailStatus === 500)
      throw new SalesforceError(500, 'UNKNOWN_EXCEPTION', 'An unexpected error occurred. ErrorId: 1 (2)');
    throw new SalesforceError(apiFailStatus, 'SERVER_UNAVAILABLE', 'The server is temporarily unavailable');
  }

  private takeNext(name: 'apiFailNext' | 'limitNext'): boolean {
    const knobs = this.options.knobs();
    if (knobs[name] === 0) return false;
    knobs[name] -= 1;
    return true;
  }
}
