import { RefreshToken } from '../../crm/refresh-token.js';
import { PipedriveError } from '../pipedrive-error.js';
import type { PipedriveSettings } from '../options.js';

const LIFE_SECONDS = 3_600;

interface Shown {
  token?: string | undefined;
  authorization?: string | undefined;
}

/** Who may ask the API. */
export class PipedriveTokens {
  private readonly expiries = new Map<string, number>();
  private readonly refreshToken: RefreshToken;
  private issued = 0;

  constructor(
    private readonly settings: PipedriveSettings,
    private readonly now: () => number,
  ) {
    this.refreshToken = new RefreshToken(settings.refreshToken, settings.rotatesRefreshTokens);
  }

  check({ token, authorization }: Shown): void {
    if (token !== undefined && token === this.settings.apiToken) return;
    const bearer = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1];
    if (bearer !== undefined && (this.expiries.get(bearer) ?? 0) > this.now()) return;
    throw new PipedriveError(401, 'unauthorized access');
  }

  /** As at the end of their hour. */
  expireAll(): void {
    this.expiries.clear();
  }

  issue(form: Readonly<Record<string, unknown>>, authorization: string | undefined): Record<string, unknown> {
    const { clientId, clientSecret } = this.settings;
    const client = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
    if (authorization !== `Basic ${client}`) throw new PipedriveError(401, 'Invalid client: client is invalid');
    if (form['grant_type'] !== 'refresh_token' || !this.refreshToken.fits(form['refresh_token'])) {
      throw new PipedriveError(400, 'Invalid grant: refresh token is invalid');
    }
    const token = `oauth-${(this.issued += 1)}-${this.now().toString(36)}`;
    this.expiries.set(token, this.now() + LIFE_SECONDS * 1_000);
    return {
      access_token: token,
      token_type: 'Bearer',
      refresh_token: this.refreshToken.use(),
      scope: 'base',
      expires_in: LIFE_SECONDS,
    };
  }
}
