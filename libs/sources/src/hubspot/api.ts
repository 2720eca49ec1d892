import { PermanentError, readRetryAfterMs, Unavailable, type SourceContext } from '@crm-mesh/sdk';
import { isObject, parseJson } from '@crm-mesh/sdk/kit';
import Bottleneck from 'bottleneck';
import type { HubspotConfig } from './config.js';

interface ApiRequest {
  method: 'GET' | 'POST';
  /** Below the API's address, e.g. `/crm/v3/objects/deals/batch/read`. */
  path: string;
  body?: unknown;
}

/** HubSpot will never take this request as it is. */
export class RefusedRequest extends PermanentError {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** The daily limit ends at midnight in the portal's time zone, which we do not know: ask again every hour. */
const DAILY_LIMIT_WAIT_MS = 3_600_000;
const SHORT_LIMIT_WAIT_MS = 10_000;

const apis = new WeakMap<HubspotConfig, HubspotApi>();

/** The one client of a connection: its rate limit is shared by everything that reads through it. */
export function apiOf(context: SourceContext<HubspotConfig>): HubspotApi {
  let api = apis.get(context.config);
  if (!api) apis.set(context.config, (api = new HubspotApi(context.config, () => context.now())));
  return api;
}

/**
 * Requests to HubSpot under the connection's rate limit. What goes wrong is thrown as the delivery engine
 * understands it: `Unavailable` for what is down, not allowed or over a limit (which is no fault of the record, and must
 * not spend its attempts), `RefusedRequest`, a `PermanentError`, for what HubSpot will never take.
 */
export class HubspotApi {
  private readonly limiter: Bottleneck;
  private blockedUntilMs = 0;
  private correction: Promise<void> = Promise.resolve();

  constructor(
    private readonly config: HubspotConfig,
    private readonly now: () => number,
  ) {
    const { requests, intervalMs, concurrent } = config.rateLimit;
    this.limiter = new Bottleneck({
      maxConcurrent: concurrent,
      reservoir: requests,
      reservoirRefreshAmount: requests,
      reservoirRefreshInterval: intervalMs,
    });
  }

  /** Answers 2xx bodies. */
  async request(request: ApiRequest): Promise<unknown> {
    this.throwWhileBlocked();
    return this.limiter.schedule(async () => {
      // The limit may have struck while this request stood in the queue.
      this.throwWhileBlocked();
      const { response, text } = await this.send(request);
      await this.obeyRemaining(response.headers);
      const body = readBody(text);
      if (response.ok) return body ?? throwNoJson(request);
      throw this.explainFailure(request, response, body);
    });
  }

  private async send({ method, path, body }: ApiRequest): Promise<{ response: Response; text: string }> {
    try {
      const response = await fetch(this.config.apiUrl.replace(/\/$/, '') + path, {
        method,
        headers: {
          accept: 'application/json',
          authorization: `Bearer ${this.config.accessToken}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        // A redirect would carry the token to somewhere else.
        redirect: 'error',
        signal: AbortSignal.timeout(this.config.timeoutMs),
      });
      return { response, text: await response.text() };
    } catch (error) {
      const seconds = this.config.timeoutMs / 1000;
      const why = isTimeout(error) ? `did not answer within ${seconds} s` : `cannot be reached (${codeOf(error)})`;
      throw new Unavailable(`HubSpot ${why}: ${method} ${path}.`, { cause: error });
    }
  }

  /** Others may use the same account: what HubSpot says is left wins over our own count. One answer after another. */
  private obeyRemaining(headers: Headers): Promise<void> {
    const text = headers.get('x-hubspot-ratelimit-remaining');
    if (text === null || !/^\d+$/.test(text)) return Promise.resolve();
    const lower = () => this.lowerReservoir(Number(text));
    this.correction = this.correction.then(lower, lower);
    return this.correction;
  }

  private async lowerReservoir(remaining: number): Promise<void> {
    const own = await this.limiter.currentReservoir();
    // Not updateSettings: it stops the limiter's refreshing for good (bottleneck 2.19).
    if (own !== null && remaining < own) await this.limiter.incrementReservoir(remaining - own);
  }

  private throwWhileBlocked(): void {
    const delayMs = Math.ceil(this.blockedUntilMs - this.now());
    if (delayMs > 0) throw new Unavailable('HubSpot’s rate limit is used up.', { retryAfterMs: delayMs });
  }

  private explainFailure({ method, path }: ApiRequest, response: Response, body: unknown): Error {
    const what = `HubSpot answered ${response.status} to ${method} ${path}`;
    const retryAfterMs = readRetryAfterMs(response.headers.get('retry-after'), this.now());
    if (response.status === 429) return this.block(what, body, retryAfterMs);
    if (response.status === 401) {
      return new Unavailable(
        `${what}: the access token is wrong or was revoked. Set \`accessToken\` of this connection anew.`,
      );
    }
    if (response.status === 403) {
      return new Unavailable(
        `${what}: the access token lacks a scope${listScopes(body)}. Grant it to the app in HubSpot.`,
      );
    }
    if (response.status >= 500 || response.status === 408) {
      return new Unavailable(`${what}.`, retryAfterMs === undefined ? undefined : { retryAfterMs });
    }
    return new RefusedRequest(`${what}${categoryOf(body)}.`, response.status);
  }

  private block(what: string, body: unknown, retryAfterMs: number | undefined): Unavailable {
    const policy = isObject(body) && typeof body.policyName === 'string' ? body.policyName : 'unknown policy';
    const delayMs = retryAfterMs ?? (policy.startsWith('DAILY') ? DAILY_LIMIT_WAIT_MS : SHORT_LIMIT_WAIT_MS);
    this.blockedUntilMs = Math.max(this.blockedUntilMs, this.now() + delayMs);
    return new Unavailable(`${what}: rate limit ${policy}.`, { retryAfterMs: delayMs });
  }
}

function readBody(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function throwNoJson({ method, path }: ApiRequest): never {
  throw new Unavailable(`HubSpot answered ${method} ${path} with something that is no JSON: is \`apiUrl\` right?`);
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  return isObject(cause) && typeof cause.code === 'string' ? cause.code : 'network error';
}

function categoryOf(body: unknown): string {
  return isObject(body) && typeof body.category === 'string' ? ` (${body.category})` : '';
}

function listScopes(body: unknown): string {
  const errors = isObject(body) && Array.isArray(body.errors) ? (body.errors as unknown[]) : [];
  const scopes = errors.flatMap((error) => {
    const context = isObject(error) && isObject(error.context) ? error.context : {};
    const required = context.requiredGranularScopes ?? context.requiredScopes;
    return Array.isArray(required) ? required.map(String) : [];
  });
  return scopes.length === 0 ? '' : ` (${[...new Set(scopes)].join(', ')})`;
}
