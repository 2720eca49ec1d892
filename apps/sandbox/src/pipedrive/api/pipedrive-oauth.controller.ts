import { Body, Controller, Headers, HttpCode, Inject, Post, Req, UseFilters } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { PipedriveCompany } from '../company.js';
import type { Json } from '../records/write-record.js';
import { PipedriveErrorFilter } from './pipedrive-error.filter.js';

@Controller('oauth')
@UseFilters(PipedriveErrorFilter)
export class PipedriveOauthController {
  constructor(@Inject(PipedriveCompany) private readonly company: PipedriveCompany) {}

  /** Form-encoded, the client by Basic authentication; the answer says where the company's API is. */
  @Post('token')
  @HttpCode(200)
  issue(
    @Body() form: Json,
    @Headers('authorization') client: string | undefined,
    @Req() request: FastifyRequest,
  ): Json {
    const domain = `${request.protocol}://${request.headers.host ?? request.hostname}`;
    return { ...this.company.tokens.issue(form, client), api_domain: domain };
  }
}
