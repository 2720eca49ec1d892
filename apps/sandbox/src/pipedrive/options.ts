import type { PipedriveKnobs } from './knobs.js';
import type { PipedriveLimits } from './api/limits.js';

/** A webhook as it is registered. */
export interface Registration {
  subscriptionUrl: string;
  /** `*`: all of them. */
  action: string;
  /** `*`: all of them. */
  object: string;
  user?: string;
  password?: string;
  name?: string;
}

export interface PipedriveOptions {
  apiToken?: string;
  clientId?: string;
  clientSecret?: string;
  refreshToken?: string;
  /** Each use of a refresh token gives a new one, and ends it. */
  rotatesRefreshTokens?: boolean;
  companyId?: number;
  /** Who writes through the API. */
  userId?: number;
  /** Registered from the start. */
  webhooks?: readonly Registration[];
  limits?: Partial<PipedriveLimits>;
  knobs?: Partial<PipedriveKnobs>;
}

export const PIPEDRIVE_DEFAULTS = {
  apiToken: 'sandbox-api-token',
  clientId: 'sandbox-client-id',
  clientSecret: 'sandbox-client-secret',
  refreshToken: 'sandbox-refresh-token',
  rotatesRefreshTokens: false,
  companyId: 7_341_882,
  userId: 61_820_499,
};

export type PipedriveSettings = typeof PIPEDRIVE_DEFAULTS & PipedriveOptions;
