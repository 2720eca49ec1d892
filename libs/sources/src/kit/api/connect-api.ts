import { Unavailable, type ApiAnswer, type ApiClient, type ApiDescription, type ApiQuota } from '@crm-mesh/sdk';
import type { ApiRequest, Log, Urgency } from '@crm-mesh/sdk';
import { buildBody, buildHeaders, buildUrl, nameRequest } from './build-request.js';
import { createCredentials, type Credentials } from './credentials.js';
import { exchange } from './exchange.js';
import { judgeAnswer, readDelayMs, toError } from './judge-answer.js';
import type { RefreshTokenStore } from './newest-refresh-token.js';
import { RateLimiter } from './rate-limiter.js';

export interface ConnectOptions {
  /** Epoch milliseconds. */
  now(): number;
  log?: Pick<Log, 'warn'>;
  /** Where a refresh token stays that the CRM gave in place of the configured one. Absent: in this process alone. */
  refreshTokens?: RefreshTokenStore | undefined;
}

/** How it goes between a connection and its API, since the process started. For `mesh source status`. */
export interface ApiState {
  /** What was sent; tokens are not counted. */
  requests: number;
  /** Those of them that came to an error. */
  failures: number;
  /** Without any secret or personal data. */
  lastError?: { at: string; message: string };
  /** What the CRM said last of its limits. */
  quota?: ApiQuota & { at: string };
  /** Nothing is sent before. */
  blockedUntil?: string;
  /** Who waits for the rate limit. */
  waiting: Record<Urgency, number>;
}

/** A connection's API: one rate limit and one token, whoever asks. */
export interface ConnectedApi {
  client(urgency: Urgency): ApiClient;
  readState(): ApiState;
  /** Whoever still waits for a turn gets `Unavailable`. */
  close(): void;
}

const DEFAULT_TIMEOUT_MS = 10_000;

/** Connects to what a source describes. Nothing is sent before the first request. */
export function connectApi(description: ApiDescription, options: ConnectOptions): ConnectedApi {
  return new Api(description, options);
}

class Api implements ConnectedApi {
  private readonly limiter: RateLimiter;
  private readonly readCredentials: () => Promise<Credentials>;
  private readonly counts = { requests: 0, failures: 0 };
  private lastError: ApiState['lastError'];
  private quota: ApiState['quota'];
  private blockedUntilMs = 0;

  constructor(
    private readonly description: ApiDescription,
    private readonly options: ConnectOptions,
  ) {
    const { title, auth, limits } = description;
    this.limiter = new RateLimiter(limits);
    this.readCredentials = createCredentials(auth, { title, timeoutMs: this.timeoutMs, ...options });
  }

  client(urgency: Urgency): ApiClient {
    return { request: (request) => this.request(request, urgency) };
  }

  readState(): ApiState {
    return {
      ...this.counts,
      ...(this.lastError && { lastError: this.lastError }),
      ...(this.quota && { quota: this.quota }),
      ...(this.blockedUntilMs > this.options.now() && { blockedUntil: new Date(this.blockedUntilMs).toISOString() }),
      waiting: this.limiter.countWaiting(),
    };
  }

  close(): void {
    this.limiter.dropWaiting(new Unavailable(`The connection to ${this.description.title} is being closed.`));
  }

  private get timeoutMs(): number {
    return this.description.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  }

  private async request(request: ApiRequest, urgency: Urgency): Promise<ApiAnswer> {
    const turn = { urgency, cost: request.cost ?? 1 };
    try {
      this.throwWhileBlocked();
      const first = await this.limiter.run(turn, () => this.attempt(request));
      if (!('renewed' in first)) return first;
      // A second 401 is thrown: these credentials have no others behind them.
      return (await this.limiter.run(turn, () => this.attempt(request, first.renewed))) as ApiAnswer;
    } catch (error) {
      this.countFailure(error);
      throw error;
    }
  }

  private async attempt(request: ApiRequest, given?: Credentials): Promise<ApiAnswer | { renewed: Credentials }> {
    // The limit may have struck while this request stood in the line.
    this.throwWhileBlocked();
    const credentials = given ?? (await this.readCredentials());
    const answer = await this.send(request, credentials);
    const failure = judgeAnswer(answer, request, this.description);
    if (!failure) return answer;
    if (failure.kind === 'unauthorised' && credentials.replace) return { renewed: await credentials.replace() };
    const retryAfterMs = readDelayMs(answer, failure, this.options.now());
    const error = toError(answer, failure, { title: this.description.title, request, retryAfterMs });
    if (failure.kind === 'blocked') this.block(error, retryAfterMs!);
    throw error;
  }

  private async send(request: ApiRequest, { headers, baseUrl }: Credentials): Promise<ApiAnswer> {
    const { description } = this;
    const { body, type } = buildBody(request);
    this.counts.requests += 1;
    const answer = await exchange({
      method: request.method ?? 'GET',
      url: buildUrl(request, baseUrl ?? description.baseUrl),
      headers: { ...buildHeaders(request, description.headers, type), ...headers },
      body,
      timeoutMs: this.timeoutMs,
      title: description.title,
      name: nameRequest(request),
    });
    this.heedQuota(description.readQuota?.(answer));
    return answer;
  }

  private heedQuota(quota: ApiQuota | undefined): void {
    if (!quota) return;
    this.quota = { ...this.quota, ...quota, at: new Date(this.options.now()).toISOString() };
    if (quota.remaining !== undefined) this.limiter.lowerTo(quota.remaining);
  }

  private throwWhileBlocked(): void {
    const retryAfterMs = Math.ceil(this.blockedUntilMs - this.options.now());
    if (retryAfterMs > 0) throw new Unavailable(`${this.description.title}’s rate limit is used up.`, { retryAfterMs });
  }

  /** Whoever waits would only wait to be told so. */
  private block(error: Error, retryAfterMs: number): void {
    this.blockedUntilMs = Math.max(this.blockedUntilMs, this.options.now() + retryAfterMs);
    this.limiter.dropWaiting(error);
  }

  private countFailure(error: unknown): void {
    this.counts.failures += 1;
    const message = error instanceof Error ? error.message : String(error);
    this.lastError = { at: new Date(this.options.now()).toISOString(), message };
  }
}
