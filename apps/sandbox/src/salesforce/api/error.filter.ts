import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CrmError } from '../../crm/crm-error.js';
import { refuse, SalesforceError } from '../salesforce-error.js';
import { OauthError } from './sessions.js';

/** Errors in Salesforce's form: always a list, but for OAuth. */
@Catch()
export class SalesforceErrorFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (error instanceof OauthError) {
      void reply.status(400).send({ error: error.code, error_description: error.message });
      return;
    }
    const { status, errorCode, message, fields } = toSalesforceError(error);
    void reply.status(status).send([{ message, errorCode, ...(fields && { fields }) }]);
  }
}

/** What the core refuses, in Salesforce's words. */
export function toSalesforceError(error: unknown): SalesforceError {
  if (error instanceof SalesforceError) return error;
  if (error instanceof CrmError) {
    if (error.status === 404) return new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');
    if (error.status === 409) return refuse('DUPLICATES_DETECTED', 'Use one of these records?');
    return refuse('FIELD_INTEGRITY_EXCEPTION', error.message);
  }
  if (error instanceof HttpException) return new SalesforceError(error.getStatus(), 'JSON_PARSER_ERROR', error.message);
  const status = error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) return new SalesforceError(status, 'JSON_PARSER_ERROR', 'The body cannot be read');
  return new SalesforceError(500, 'UNKNOWN_EXCEPTION', error instanceof Error ? error.message : String(error));
}
