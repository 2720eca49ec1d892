import { ControlErrorFilter, JetStreamStrategy } from '@crm-mesh/jetstream/nest';
import { NestLogger, type Logger } from '@crm-mesh/telemetry';
import { Module, ValidationPipe, type DynamicModule, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { MicroserviceOptions } from '@nestjs/microservices';
import { ReconcileController } from '../reconciliation/control/reconcile.controller.js';
import { CONTROL_OPTIONS, type ControlOptions } from './control-options.js';
import { ControlController } from './control.controller.js';

@Module({})
class ControlModule {
  static register(options: ControlOptions): DynamicModule {
    return {
      module: ControlModule,
      controllers: [ControlController, ReconcileController],
      providers: [{ provide: CONTROL_OPTIONS, useValue: options }],
    };
  }
}

/** The control plane: `mesh.ctl.publisher.<verb>`. It is apart from the HTTP app, which must be there before NATS is. */
export async function openControl(options: ControlOptions, log: Logger): Promise<INestMicroservice> {
  const strategy = new JetStreamStrategy({ nats: options.nats, app: 'publisher', version: options.version });
  const control = await NestFactory.createMicroservice<MicroserviceOptions>(ControlModule.register(options), {
    strategy,
    logger: new NestLogger(log),
    abortOnError: false,
  });
  control.useGlobalFilters(new ControlErrorFilter());
  control.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true }));
  await control.listen();
  return control;
}
