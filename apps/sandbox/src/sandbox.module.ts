import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { OperationModule, type Metrics } from '@crm-mesh/telemetry';
import { AccessTokens } from './hubspot/api/access-tokens.js';
import { ApiGate } from './hubspot/api/api-gate.js';
import { ApiOptions } from './hubspot/api/api-options.js';
import { AssociationBatchesController } from './hubspot/api/association-batches.controller.js';
import { AssociationsController } from './hubspot/api/associations.controller.js';
import { BatchController } from './hubspot/api/batch.controller.js';
import { OauthController } from './hubspot/api/oauth.controller.js';
import { ObjectsController } from './hubspot/api/objects.controller.js';
import { OwnersController } from './hubspot/api/owners.controller.js';
import { PipelinesController } from './hubspot/api/pipelines.controller.js';
import { PropertiesController } from './hubspot/api/properties.controller.js';
import { SearchController } from './hubspot/api/search.controller.js';
import { ControlController } from './control/control.controller.js';
import { RecordsController } from './control/records.controller.js';
import { CrmStore } from './crm/crm-store.js';
import { PageController } from './page/page.controller.js';
import { PipedriveCompany } from './pipedrive/company.js';
import { PIPEDRIVE_CONTROLLERS } from './pipedrive/controllers.js';
import { ReceivedPosts } from './receiver/received-posts.js';
import { ReceiverController } from './receiver/receiver.controller.js';
import { RequestGate } from './salesforce/api/request-gate.js';
import { SALESFORCE_CONTROLLERS } from './salesforce/controllers.js';
import { SalesforceOrg } from './salesforce/org.js';
import { Sandbox } from './sandbox.js';

const API = [
  BatchController,
  SearchController,
  ObjectsController,
  AssociationBatchesController,
  AssociationsController,
  PipelinesController,
  PropertiesController,
  OwnersController,
];

@Module({})
export class SandboxModule {
  static register(sandbox: Sandbox, metrics: Metrics): DynamicModule {
    return {
      module: SandboxModule,
      imports: [OperationModule.register({ app: 'sandbox', readiness: [], metrics })],
      controllers: [
        ...API,
        OauthController,
        ControlController,
        RecordsController,
        ReceiverController,
        PageController,
        ...(sandbox.salesforce ? SALESFORCE_CONTROLLERS : []),
        ...(sandbox.pipedrive ? PIPEDRIVE_CONTROLLERS : []),
      ],
      providers: [
        { provide: Sandbox, useValue: sandbox },
        { provide: CrmStore, useValue: sandbox.store },
        { provide: ApiGate, useValue: sandbox.gate },
        { provide: ApiOptions, useValue: sandbox.api },
        { provide: AccessTokens, useValue: sandbox.tokens },
        { provide: ReceivedPosts, useValue: sandbox.received },
        ...provideSalesforce(sandbox.salesforce),
        ...providePipedrive(sandbox.pipedrive),
      ],
    };
  }
}

function provideSalesforce(org: SalesforceOrg | undefined): Provider[] {
  if (!org) return [];
  return [
    { provide: SalesforceOrg, useValue: org },
    { provide: RequestGate, useValue: org.gate },
  ];
}

function providePipedrive(company: PipedriveCompany | undefined): Provider[] {
  return company ? [{ provide: PipedriveCompany, useValue: company }] : [];
}
