import { CompositeController } from './api/composite.controller.js';
import { SalesforceControlController } from './api/control.controller.js';
import { MetadataController, VersionsController } from './api/metadata.controller.js';
import { SalesforceOauthController } from './api/oauth.controller.js';
import { QueryController } from './api/query.controller.js';
import { RecordsController } from './api/records.controller.js';
import { ReplicationController } from './api/replication.controller.js';

export const SALESFORCE_CONTROLLERS = [
  SalesforceOauthController,
  VersionsController,
  MetadataController,
  QueryController,
  ReplicationController,
  CompositeController,
  RecordsController,
  SalesforceControlController,
];
