import {
  Catch,
  type INestApplication,
  type INestMicroservice,
  type RpcExceptionFilter,
  type Type,
} from '@nestjs/common';
import type { NestApplicationContextOptions } from '@nestjs/common/internal';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { throwError, type Observable } from 'rxjs';
import { readHandlerNames } from './handler-names.js';
import type { MeshStrategy } from './mesh-strategy.js';

/** Keeps errors as they are thrown, where no filter of the app takes them; Nest's own replaces all but RpcException. */
@Catch()
class KeepErrors implements RpcExceptionFilter<unknown> {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

/** An app that only consumes; `await app.listen()` starts it. */
export async function createMeshApp(
  module: Type,
  mesh: MeshStrategy,
  options: NestApplicationContextOptions = {},
): Promise<INestMicroservice> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(module, { ...options, strategy: mesh });
  mesh.attach(readHandlerNames(app));
  return app.useGlobalFilters(new KeepErrors());
}

/** Adds the mesh to an HTTP app; `await app.startAllMicroservices()` starts it. */
export function connectMesh(app: INestApplication, mesh: MeshStrategy): INestMicroservice {
  mesh.attach(readHandlerNames(app));
  // Deferred, because handlers take the filters that are there when they are registered.
  const service = app.connectMicroservice<MicroserviceOptions>({ strategy: mesh }, { deferInitialization: true });
  return service.useGlobalFilters(new KeepErrors());
}
