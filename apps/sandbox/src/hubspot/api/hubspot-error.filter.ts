import { randomUUID } from 'node:crypto';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Logger } from '@crm-mesh/telemetry';
import type { FastifyReply } from 'fastify';
import { CrmError } from '../../crm/crm-error.js';
import { RateLimitError } from './api-gate.js';

/** Errors in HubSpot's form. */
@Catch()
export class HubspotErrorFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const { status, body } = this.describe(error);
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply.status(status).send({ status: 'error', correlationId: randomUUID(), ...body });
  }

  private describe(error: unknown): { status: number; body: Record<string, unknown> } {
    if (error instanceof CrmError) {
      const { status, message, category, context } = error;
      return { status, body: { message, category, ...(context && { context }) } };
    }
    if (error instanceof RateLimitError) {
      return { status: 429, body: { message: error.message, errorType: 'RATE_LIMIT', policyName: error.policyName } };
    }
    if (error instanceof HttpException) {
      return { status: error.getStatus(), body: { message: readMessage(error), category: 'VALIDATION_ERROR' } };
    }
    const status = readStatus(error);
    if (status >= 500) this.log.error({ err: error }, 'a request failed');
    return {
      status,
      body: { message: status < 500 ? 'Invalid input JSON' : 'internal error', category: 'VALIDATION_ERROR' },
    };
  }
}

/** The list of a validation is more telling than its title. */
function readMessage(error: HttpException): string {
  const response = error.getResponse();
  const message = typeof response === 'object' && 'message' in response ? response.message : error.message;
  return Array.isArray(message) ? message.join('; ') : String(message);
}

/** Fastify's own errors (a body that is no JSON, or too long) carry their status. */
function readStatus(error: unknown): number {
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  return Number.isInteger(status) ? status : 500;
}
