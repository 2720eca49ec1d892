import { verify } from 'node:crypto';
import { RefreshToken } from '../../crm/refresh-token.js';
import { SalesforceError } from '../salesforce-error.js';
import type { SalesforceSettings } from '../options.js';

/** What `/services/oauth2/token` answers to a request that it does not like. */
export class OauthError extends Error {
  override readonly name = 'OauthError';

  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export interface IssuedSession {
  access_token: string;
  scope: string;
  instance_url: string;
  id: string;
  token_type: 'Bearer';
  /** Where it takes the place of the one that was used. */
  refresh_token?: string;
  /** Absent with JWT. */
  issued_at?: string;
}

type Form = Readonly<Record<string, unknown>>;

const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** Salesforce takes assertions that end within three minutes; its own client asks for five. */
const LONGEST_ASSERTION_SECONDS = 300;

/** Who may ask the API. */
export class Sessions {
  private readonly expiries = new Map<string, number>();
  private issued = 0;
  private isOwnExpired = false;

  private readonly refreshToken: RefreshToken;

  constructor(private readonly options: SalesforceSettings & { now(): number }) {
    this.refreshToken = new RefreshToken(options.refreshToken, options.rotatesRefreshTokens);
  }

  /** Every token so far ends now: what an admin does, or a change of the policy. */
  expireAll(): void {
    this.expiries.clear();
    this.isOwnExpired = true;
  }

  check(authorization: string | undefined): void {
    const token = /^(?:Bearer|OAuth) (\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined || !this.isValid(token))
      throw new SalesforceError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
  }

  isValid(token: string): boolean {
    if (token === this.options.accessToken) return !this.isOwnExpired;
    return (this.expiries.get(token) ?? 0) > this.options.now();
  }

  issue(form: Form, instanceUrl: string): IssuedSession {
    const grant = form['grant_type'];
    if (grant === JWT_BEARER) {
      this.checkAssertion(String(form['assertion'] ?? ''), instanceUrl);
      const { issued_at: _, ...session } = this.open(instanceUrl);
      return session;
    }
    if (grant !== 'client_credentials' && grant !== 'refresh_token')
      throw new OauthError('unsupported_grant_type', 'grant type not supported');
    const { clientId, clientSecret, rotatesRefreshTokens } = this.options;
    if (form['client_id'] !== clientId) throw new OauthError('invalid_client_id', 'client identifier invalid');
    if (form['client_secret'] !== clientSecret) throw new OauthError('invalid_client', 'invalid client credentials');
    if (grant === 'client_credentials') return this.open(instanceUrl);
    if (!this.refreshToken.fits(form['refresh_token']))
      throw new OauthError('invalid_grant', 'expired access/refresh token');
    const given = this.refreshToken.use();
    return { ...this.open(instanceUrl), ...(rotatesRefreshTokens && { refresh_token: given }) };
  }

  private open(instanceUrl: string): IssuedSession {
    const { organizationId, now, tokenLifeMs } = this.options;
    const token = `${organizationId.slice(0, 15)}!AQ${(this.issued += 1)}.${now().toString(36)}`;
    this.expiries.set(token, now() + tokenLifeMs);
    return {
      access_token: token,
      scope: 'api refresh_token',
      instance_url: instanceUrl,
      id: `${instanceUrl}/id/${organizationId}/0058d00000000000`,
      token_type: 'Bearer',
      issued_at: String(now()),
    };
  }

  /** Its form, its claims and, where the app's certificate is known, its signature. */
  private checkAssertion(assertion: string, instanceUrl: string): void {
    const parts = assertion.split('.');
    const [header, claims] = parts.map(readPart);
    if (parts.length !== 3 || !header || !claims) throw new OauthError('invalid_grant', 'invalid assertion');
    if (header['alg'] !== 'RS256') throw new OauthError('invalid_grant', 'algorithm not supported: use RS256');
    if (claims['iss'] !== this.options.clientId) throw new OauthError('invalid_client_id', 'client identifier invalid');
    if (typeof claims['sub'] !== 'string' || claims['sub'] === '')
      throw new OauthError('invalid_grant', "user hasn't approved this consumer");
    const audiences = ['https://login.salesforce.com', 'https://test.salesforce.com', instanceUrl];
    if (!audiences.includes(String(claims['aud']).replace(/\/$/, '')))
      throw new OauthError('invalid_grant', 'audience is invalid');
    const leftSeconds = Number(claims['exp']) - this.options.now() / 1_000;
    if (!(leftSeconds > 0)) throw new OauthError('invalid_grant', 'expired authorization code');
    if (leftSeconds > LONGEST_ASSERTION_SECONDS + 5)
      throw new OauthError('invalid_grant', 'exp is too far in the future');
    this.checkSignature(parts);
  }

  private checkSignature([header = '', claims = '', signature = '']: readonly string[]): void {
    const { jwtPublicKey } = this.options;
    if (jwtPublicKey === undefined) return;
    const fits = verify(
      'RSA-SHA256',
      Buffer.from(`${header}.${claims}`),
      jwtPublicKey,
      Buffer.from(signature, 'base64url'),
    );
    if (!fits) throw new OauthError('invalid_grant', 'invalid signature');
  }
}

function readPart(part: string): Form | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Form) : undefined;
  } catch {
    return undefined;
  }
}
