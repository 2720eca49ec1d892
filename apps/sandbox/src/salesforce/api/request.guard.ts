import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { notFound } from '../salesforce-error.js';
import { RequestGate } from './request-gate.js';

@Injectable()
export class RequestGuard implements CanActivate {
  constructor(@Inject(RequestGate) private readonly gate: RequestGate) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const { headers, params } = http.getRequest<FastifyRequest<{ Params: { version?: string } }>>();
    const reply = http.getResponse<FastifyReply>();
    await this.gate.enter(headers.authorization, (name, value) => void reply.header(name, value));
    if (params.version !== undefined && !isVersion(params.version)) throw notFound();
    return true;
  }
}

export const NEWEST_VERSION = 66;
const OLDEST_VERSION = 31;

/** `v66.0` */
function isVersion(text: string): boolean {
  const number = Number(/^v(\d+)\.0$/.exec(text)?.[1]);
  return number >= OLDEST_VERSION && number <= NEWEST_VERSION;
}
