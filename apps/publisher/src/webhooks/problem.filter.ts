import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Logger } from '@crm-mesh/telemetry';
import type { FastifyReply } from 'fastify';
import { describeProblem } from './problem.js';

/** Every error of the HTTP surface as `application/problem+json`. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (describeProblem(error).problem.status === 500) this.log.error({ err: error }, 'a request failed');
    if (!reply.sent) sendProblem(reply, error);
  }
}

export function sendProblem(reply: FastifyReply, error: unknown): void {
  const { problem, headers } = describeProblem(error);
  // Bytes: Fastify would serialise a text once more for a type that it does not know.
  const body = Buffer.from(JSON.stringify(problem));
  void reply.status(problem.status).headers(headers).header('content-type', 'application/problem+json').send(body);
}
