import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { AccessTokens, type IssuedToken } from './access-tokens.js';
import { readJson } from './read-request.js';

@Controller('oauth/v1')
export class OauthController {
  constructor(@Inject(AccessTokens) private readonly tokens: AccessTokens) {}

  /** Form-encoded, without a bearer token. */
  @Post('token')
  @HttpCode(200)
  issue(@Body() form: unknown): IssuedToken {
    return this.tokens.issue(readJson(form));
  }
}
