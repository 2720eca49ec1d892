import { Module, type DynamicModule } from '@nestjs/common';
import { OperationModule, type Metrics } from '@crm-mesh/telemetry';
import { AccessTokens } from './api/access-tokens.js';
import { ApiGate } from './api/api-gate.js';
import { ApiOptions } from './api/api-options.js';
import { AssociationBatchesController } from './api/association-batches.controller.js';
import { AssociationsController } from './api/associations.controller.js';
import { BatchController } from './api/batch.controller.js';
import { OauthController } from './api/oauth.controller.js';
import { ObjectsController } from './api/objects.controller.js';
import { OwnersController } from './api/owners.controller.js';
import { PipelinesController } from './api/pipelines.controller.js';
import { SearchController } from './api/search.controller.js';
import { ControlController } from './control/control.controller.js';
import { CrmStore } from './crm/crm-store.js';
import { ReceivedPosts } from './receiver/received-posts.js';
import { ReceiverController } from './receiver/receiver.controller.js';
import { Sandbox } from './sandbox.js';

const API = [
  BatchController,
  SearchController,
  ObjectsController,
  AssociationBatchesController,
  AssociationsController,
  PipelinesController,
  OwnersController,
];

@Module({})
export class SandboxModule {
  static register(sandbox: Sandbox, metrics: Metrics): DynamicModule {
    return {
      module: SandboxModule,
      imports: [OperationModule.register({ app: 'sandbox', readiness: [], metrics })],
      controllers: [...API, OauthController, ControlController, ReceiverController],
      providers: [
        { provide: Sandbox, useValue: sandbox },
        { provide: CrmStore, useValue: sandbox.store },
        { provide: ApiGate, useValue: sandbox.gate },
        { provide: ApiOptions, useValue: sandbox.api },
        { provide: AccessTokens, useValue: sandbox.tokens },
        { provide: ReceivedPosts, useValue: sandbox.received },
      ],
    };
  }
}
