import { OperationModule, type OperationOptions } from '@crm-mesh/telemetry';
import { Module, type DynamicModule } from '@nestjs/common';
import { CONTROL_OPTIONS, ControlController, type ControlOptions } from './control/control.controller.js';
import { WEBHOOK_OPTIONS, WebhooksController, type WebhookOptions } from './webhooks/webhooks.controller.js';

export interface PublisherModuleOptions {
  webhooks: WebhookOptions;
  control: ControlOptions;
  operation: OperationOptions;
}

@Module({})
export class PublisherModule {
  static register({ webhooks, control, operation }: PublisherModuleOptions): DynamicModule {
    return {
      module: PublisherModule,
      imports: [OperationModule.register(operation)],
      controllers: [WebhooksController, ControlController],
      providers: [
        { provide: WEBHOOK_OPTIONS, useValue: webhooks },
        { provide: CONTROL_OPTIONS, useValue: control },
      ],
    };
  }
}
