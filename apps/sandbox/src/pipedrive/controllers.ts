import { PipedriveActivitiesController } from './api/activities.controller.js';
import { PipedriveControlController } from './api/pipedrive-control.controller.js';
import { PipedriveOauthController } from './api/pipedrive-oauth.controller.js';
import { PipedriveRecordsController } from './api/records.controller.js';
import { PipedriveVersion1Controller } from './api/version1.controller.js';

export const PIPEDRIVE_CONTROLLERS = [
  PipedriveControlController,
  PipedriveOauthController,
  PipedriveActivitiesController,
  PipedriveRecordsController,
  PipedriveVersion1Controller,
];
