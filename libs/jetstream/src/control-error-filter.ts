import { Catch, type INestApplication, type INestMicroservice, type RpcExceptionFilter } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import type { JetStreamStrategy } from './strategy.js';

/** Keeps errors as they are thrown; Nest's default filter for messages replaces all but RpcException. */
@Catch()
export class ControlErrorFilter implements RpcExceptionFilter<unknown> {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/** Adds the control plane to an HTTP app; `await app.startAllMicroservices()` opens it. */
export function connectControl(app: INestApplication, strategy: JetStreamStrategy): INestMicroservice {
  // Deferred, because handlers take the filters that are there when they are registered.
  const service = app.connectMicroservice<MicroserviceOptions>({ strategy }, { deferInitialization: true });
  service.useGlobalFilters(new ControlErrorFilter());
  return service;
}
