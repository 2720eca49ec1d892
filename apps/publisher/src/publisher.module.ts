import { OperationModule, type OperationOptions } from '@crm-mesh/telemetry';
import { Module, type DynamicModule } from '@nestjs/common';
import { WEBHOOK_OPTIONS, WebhooksController, type WebhookOptions } from './webhooks/webhooks.controller.js';

export interface PublisherModuleOptions {
  webhooks: WebhookOptions;
  operation: OperationOptions;
}

@Module({})
export class PublisherModule {
  static register({ webhooks, operation }: PublisherModuleOptions): DynamicModule {
    return {
      module: PublisherModule,
      imports: [OperationModule.register(operation)],
      controllers: [WebhooksController],
      providers: [{ provide: WEBHOOK_OPTIONS, useValue: webhooks }],
    };
  }
}
