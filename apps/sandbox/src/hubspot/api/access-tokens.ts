import { CrmError } from '../../crm/crm-error.js';

export interface AccessOptions {
  /** Of a private app: does not expire. */
  accessToken: string;
  clientId: string;
  clientSecret: string;
  refreshToken: string;
  /** Epoch milliseconds. */
  now(): number;
}

export interface IssuedToken {
  access_token: string;
  refresh_token: string;
  token_type: 'bearer';
  expires_in: number;
}

const LIFE_SECONDS = 1_800;

/** Who may ask the API. */
export class AccessTokens {
  private readonly expiries = new Map<string, number>();

  constructor(private readonly options: AccessOptions) {}

  /** `oauth` when the token was issued for a refresh token. */
  check(authorization: string | undefined): { oauth: boolean } {
    const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined)
      throw refuseAccess(
        'INVALID_AUTHENTICATION',
        'Authentication credentials not found. This API supports OAuth 2.0 authentication and you can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview',
      );
    if (token === this.options.accessToken) return { oauth: false };
    const expiresAtMs = this.expiries.get(token);
    if (expiresAtMs === undefined) throw refuseAccess('INVALID_AUTHENTICATION', 'The access token is invalid.');
    if (expiresAtMs <= this.options.now()) throw refuseAccess('EXPIRED_AUTHENTICATION', 'The access token is expired.');
    return { oauth: true };
  }

  /** All that were issued so far. */
  expire(): void {
    for (const token of this.expiries.keys()) this.expiries.set(token, 0);
  }

  issue(form: Readonly<Record<string, unknown>>): IssuedToken {
    const { clientId, clientSecret, refreshToken, now } = this.options;
    if (form['grant_type'] !== 'refresh_token') throw new CrmError(400, 'BAD_GRANT_TYPE', 'unsupported grant type');
    if (form['client_id'] !== clientId || form['client_secret'] !== clientSecret) {
      throw new CrmError(400, 'BAD_CLIENT_ID', 'missing or invalid client id or client secret');
    }
    if (form['refresh_token'] !== refreshToken)
      throw new CrmError(400, 'BAD_REFRESH_TOKEN', 'missing or invalid refresh token');
    const accessToken = `oauth-${this.expiries.size + 1}-${now().toString(36)}`;
    this.expiries.set(accessToken, now() + LIFE_SECONDS * 1_000);
    return { access_token: accessToken, refresh_token: refreshToken, token_type: 'bearer', expires_in: LIFE_SECONDS };
  }
}

function refuseAccess(category: string, message: string): CrmError {
  return new CrmError(401, category, message);
}
