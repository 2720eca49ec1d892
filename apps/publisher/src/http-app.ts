import { NestLogger, type Logger } from '@crm-mesh/telemetry';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { PublisherModule, type PublisherModuleOptions } from './publisher.module.js';
import { createAdapter, prepareDoor, type DoorOptions } from './webhooks/http-door.js';
import { ProblemFilter } from './webhooks/problem.filter.js';

export interface HttpAppOptions {
  parts: PublisherModuleOptions;
  door: DoorOptions;
  log: Logger;
}

/** The Nest application: webhooks and operation over HTTP. Not listening yet. */
export async function createHttpApp({ parts, door, log }: HttpAppOptions): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(PublisherModule.register(parts), createAdapter(door), {
    // Bodies are verified as bytes.
    bodyParser: false,
    logger: new NestLogger(log),
    abortOnError: false,
  });
  app.useGlobalFilters(new ProblemFilter(log));
  await prepareDoor(app, door);
  return app;
}
