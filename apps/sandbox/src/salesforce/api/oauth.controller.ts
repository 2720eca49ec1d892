import { Body, Controller, Get, Headers, HttpCode, Inject, Post, UseFilters } from '@nestjs/common';
import { INTEGRATION_USER, showUser } from '../schema/users.js';
import { SalesforceOrg } from '../org.js';
import { SalesforceErrorFilter } from './error.filter.js';
import { OauthError, type IssuedSession } from './sessions.js';

@Controller('services/oauth2')
@UseFilters(SalesforceErrorFilter)
export class SalesforceOauthController {
  constructor(@Inject(SalesforceOrg) private readonly org: SalesforceOrg) {}

  /** Form-encoded, without a bearer token. */
  @Post('token')
  @HttpCode(200)
  issue(@Body() form: unknown, @Headers('authorization') authorization?: string): IssuedSession {
    if (typeof form !== 'object' || form === null) throw new OauthError('invalid_request', 'the body must be a form');
    return this.org.sessions.issue({ ...readBasic(authorization), ...form }, this.org.instanceUrl);
  }

  @Get('userinfo')
  userinfo(@Headers('authorization') authorization?: string): Record<string, string> {
    this.org.sessions.check(authorization);
    const { id, email, firstName, lastName } = INTEGRATION_USER;
    return {
      user_id: showUser(id),
      organization_id: this.org.settings.organizationId,
      preferred_username: email,
      name: `${firstName} ${lastName}`,
      email,
    };
  }
}

/** The app may show itself by Basic authentication instead of in the form. */
function readBasic(authorization: string | undefined): Record<string, string> {
  const encoded = /^Basic (\S+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return {};
  const [id = '', secret = ''] = Buffer.from(encoded, 'base64').toString().split(':').map(decodeURIComponent);
  return { client_id: id, client_secret: secret };
}
