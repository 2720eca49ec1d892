import { PipedriveControlController } from './api/pipedrive-control.controller.js';
import { PipedriveOauthController } from './api/pipedrive-oauth.controller.js';
import { PipedriveRecordsController } from './api/records.controller.js';
import { PipedriveVersion1Controller } from './api/version1.controller.js';

export const PIPEDRIVE_CONTROLLERS = [
  PipedriveControlController,
  PipedriveOauthController,
  PipedriveRecordsController,
  PipedriveVersion1Controller,
];
