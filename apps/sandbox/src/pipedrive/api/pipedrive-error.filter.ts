import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { CrmError } from '../../crm/crm-error.js';
import { PipedriveError } from '../pipedrive-error.js';

/** Errors in Pipedrive's form. */
@Catch(PipedriveError, CrmError, HttpException)
export class PipedriveErrorFilter implements ExceptionFilter {
  catch(error: PipedriveError | CrmError | HttpException, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    const status = error instanceof HttpException ? error.getStatus() : error.status;
    if (error instanceof PipedriveError && error.html) {
      void reply.status(status).type('text/html').send(error.message);
      return;
    }
    void reply.status(status).send({ success: false, error: error.message, data: null });
  }
}
