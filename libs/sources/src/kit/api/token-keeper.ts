import { Unavailable, type Log, type OAuth } from '@crm-mesh/sdk';
import { NewestRefreshToken, type RefreshTokenStore } from './newest-refresh-token.js';
import { requestToken, TokenRefused, type Token, type TokenOptions } from './request-token.js';

/** A token is renewed so long before it ends, or in the last tenth of its time where that is shorter. */
const RENEW_BEFORE_MS = 60_000;
/** A token endpoint that has just failed is left alone for so long: some lock an app out for asking too often. */
const REST_MS = 5_000;

type KeptToken = Token & { renewAtMs: number };

export interface KeeperOptions extends TokenOptions {
  log?: Pick<Log, 'warn'> | undefined;
  refreshTokens?: RefreshTokenStore | undefined;
}

/** The one access token of a connection. However many ask for it, one request fetches it. */
export class TokenKeeper {
  private token: KeptToken | undefined;
  private renewing: Promise<KeptToken> | undefined;
  /** Absent: another grant. */
  private readonly newest: NewestRefreshToken | undefined;
  private failure: { error: unknown; untilMs: number } | undefined;

  constructor(
    private readonly oauth: OAuth,
    private readonly options: KeeperOptions,
  ) {
    const { grant } = oauth;
    if (grant.type !== 'refresh_token') return;
    this.newest = new NewestRefreshToken(grant.refreshToken, { ...options, store: options.refreshTokens });
  }

  /** One that holds. */
  async read(): Promise<Token> {
    const { token } = this;
    const nowMs = this.options.now();
    await this.newest?.saveAgain();
    if (token && nowMs < token.renewAtMs) return token;
    if (!token || nowMs >= (token.expiresAtMs ?? Infinity)) return this.renew();
    // It is good for a while yet; whoever asks next tries again.
    return this.renew().catch(() => token);
  }

  /** One in place of this, which the API does not take any more. Who comes late gets what others have fetched since. */
  async replace(refused: Token): Promise<Token> {
    return this.token === undefined || this.token === refused ? this.renew() : this.token;
  }

  private renew(): Promise<KeptToken> {
    this.renewing ??= this.fetchToken().finally(() => (this.renewing = undefined));
    return this.renewing;
  }

  private async fetchToken(): Promise<KeptToken> {
    const { now } = this.options;
    if (this.failure && now() < this.failure.untilMs) throw this.failure.error;
    try {
      const token = await this.ask();
      this.failure = undefined;
      return (this.token = { ...token, renewAtMs: chooseRenewal(token, now()) });
    } catch (error) {
      const restMs = (error instanceof Unavailable ? error.retryAfterMs : undefined) ?? REST_MS;
      this.failure = { error, untilMs: now() + restMs };
      throw error;
    }
  }

  /** By the newest refresh token; where it is refused, by one that another process was given meanwhile. */
  private async ask(): Promise<Token> {
    const { newest } = this;
    if (!newest) return requestToken(this.oauth, undefined, this.options);
    const tried = new Set<string>();
    let refusal: unknown;
    for (let next = await newest.find(tried); next !== undefined; next = await newest.find(tried)) {
      try {
        const token = await requestToken(this.oauth, next, this.options);
        await newest.keep(next, token.refreshToken);
        return token;
      } catch (error) {
        if (!(error instanceof TokenRefused)) throw error;
        tried.add(next);
        refusal = error;
      }
    }
    throw refusal;
  }
}

function chooseRenewal({ expiresAtMs }: Token, nowMs: number): number {
  if (expiresAtMs === undefined) return Infinity;
  return expiresAtMs - Math.min(RENEW_BEFORE_MS, Math.max(0, expiresAtMs - nowMs) / 10);
}
