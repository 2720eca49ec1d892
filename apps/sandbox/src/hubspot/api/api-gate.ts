import { CrmError } from '../../crm/crm-error.js';
import type { Random } from '../../crm/draw-ids.js';
import type { Knobs } from '../webhooks/knobs.js';
import type { AccessTokens } from './access-tokens.js';
import { takeFault, type ApiFault } from './api-faults.js';
import type { RateLimiter } from './rate-limits.js';

export interface ApiGateOptions {
  tokens: AccessTokens;
  limiter: RateLimiter;
  knobs(): Knobs;
  random: Random;
  count(outcome: 'admitted' | 'refused' | 'limited' | 'failed'): void;
}

export interface ApiRequest {
  authorization: string | undefined;
  search: boolean;
}

/** A request over a limit: HubSpot's answer differs from its other errors. */
export class RateLimitError extends Error {
  override readonly name = 'RateLimitError';

  constructor(
    message: string,
    readonly policyName: string,
  ) {
    super(message);
  }
}

/** What every request to the API passes first: who asks, how often, and the faults that were asked for. */
export class ApiGate {
  constructor(private readonly options: ApiGateOptions) {}

  /** Sets the headers that the answer carries, whatever it is; throws when it is an error. */
  async enter(request: ApiRequest, setHeader: (name: string, value: string) => void): Promise<void> {
    const knobs = this.options.knobs();
    const fault = takeFault(knobs, this.options.random);
    const delayMs = knobs.apiDelayMs + (fault === 'slow' ? knobs.apiSlowMs : 0);
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    if (fault !== undefined && fault !== 'slow') {
      this.options.count('failed');
      throw describeFault(fault);
    }
    const { oauth } = this.checkAccess(request.authorization);
    const { headers, refusal } = this.options.limiter.admit({ search: request.search, oauth });
    for (const [name, value] of Object.entries(headers)) setHeader(name, value);
    this.options.count(refusal ? 'limited' : 'admitted');
    if (refusal) throw new RateLimitError(refusal.message, refusal.policyName);
  }

  private checkAccess(authorization: string | undefined): { oauth: boolean } {
    try {
      return this.options.tokens.check(authorization);
    } catch (error) {
      this.options.count('refused');
      throw error;
    }
  }
}

function describeFault(fault: Exclude<ApiFault, 'slow'>): Error {
  switch (fault) {
    case '429':
      return new RateLimitError('You have reached your ten_secondly_rolling limit.', 'TEN_SECONDLY_ROLLING');
    case '401':
      return new CrmError(401, 'EXPIRED_AUTHENTICATION', 'The access token is expired.');
    case '403':
      return new CrmError(403, 'MISSING_SCOPES', 'This app has not been granted all required scopes.');
    case '500':
    case '502':
    case '503':
    case '504':
      return new CrmError(Number(fault), 'BAD_GATEWAY', 'The service is unavailable for a moment');
  }
}
