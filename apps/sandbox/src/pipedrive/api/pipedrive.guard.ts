import { setTimeout as wait } from 'node:timers/promises';
import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PipedriveCompany } from '../company.js';
import { PipedriveError } from '../pipedrive-error.js';
import { costOf, type Verdict } from './limits.js';

/** What every request to the API passes first: the faults that were asked for, who asks, and how often. */
@Injectable()
export class PipedriveGuard implements CanActivate {
  constructor(@Inject(PipedriveCompany) private readonly company: PipedriveCompany) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const { headers, url, method } = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    await this.fail();
    const token = headers['x-api-token'];
    this.company.tokens.check({
      token: typeof token === 'string' ? token : undefined,
      authorization: headers.authorization,
    });
    const verdict = this.company.limits.admit(costOf(method, url.replace(/\?.*$/s, '')));
    for (const [name, value] of Object.entries(verdict.headers)) void reply.header(name, value);
    refuseOver(verdict);
    return true;
  }

  private async fail(): Promise<void> {
    const { knobs, random } = this.company;
    if (knobs.apiDelayMs > 0) await wait(knobs.apiDelayMs);
    if (knobs.apiFailNext > 0) knobs.apiFailNext -= 1;
    else if (random() >= knobs.apiFailRate) return;
    throw new PipedriveError(knobs.apiFailStatus, 'The service is unavailable for a moment');
  }
}

function refuseOver({ refusal }: Verdict): void {
  if (refusal === 'cloudflare') throw new PipedriveError(403, '<html><title>Access denied</title></html>', true);
  if (refusal !== undefined) throw new PipedriveError(429, 'request over limit');
}
