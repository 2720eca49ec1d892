import { Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiGate } from './api-gate.js';

@Injectable()
export class ApiGuard implements CanActivate {
  constructor(@Inject(ApiGate) private readonly gate: ApiGate) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const { headers, url } = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    const search = /\/search\/?(\?|$)/.test(url);
    await this.gate.enter(
      { authorization: headers.authorization, search },
      (name, value) => void reply.header(name, value),
    );
    return true;
  }
}
