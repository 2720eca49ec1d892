import { NestLogger, type Logger } from '@crm-mesh/telemetry';
import type { Nats } from '@crm-mesh/jetstream';
import { connectControl, JetStreamStrategy } from '@crm-mesh/jetstream/nest';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { PublisherModule, type PublisherModuleOptions } from './publisher.module.js';
import { createAdapter, prepareDoor, type DoorOptions } from './webhooks/http-door.js';
import { ProblemFilter } from './webhooks/problem.filter.js';

export interface HttpAppOptions {
  parts: PublisherModuleOptions;
  door: DoorOptions;
  nats: Nats;
  log: Logger;
  version: string;
}

/** The Nest application: webhooks and operation over HTTP, the control plane over NATS. Not listening yet. */
export async function createHttpApp({
  parts,
  door,
  nats,
  log,
  version,
}: HttpAppOptions): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(PublisherModule.register(parts), createAdapter(door), {
    // Bodies are verified as bytes.
    bodyParser: false,
    logger: new NestLogger(log),
    abortOnError: false,
  });
  app.useGlobalFilters(new ProblemFilter(log));
  await prepareDoor(app, door);
  const control = connectControl(app, new JetStreamStrategy({ nats, app: 'publisher', version }));
  control.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true }));
  return app;
}
