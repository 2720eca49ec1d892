import type { KeyObject } from 'node:crypto';
import type { SalesforceKnobs } from './knobs.js';

/** What the Salesforce face may be told; it is there only when the sandbox is started with `salesforce`. */
export interface SalesforceOptions {
  clientId?: string;
  clientSecret?: string;
  /** Does not expire by itself. */
  accessToken?: string;
  refreshToken?: string;
  /** Each use of a refresh token gives a new one, and ends it: an option of Salesforce's apps. */
  rotatesRefreshTokens?: boolean;
  /** The org's: it changes when an org is refreshed. */
  organizationId?: string;
  /** Checks what JWT assertions are signed with; absent: their signatures are not looked at. */
  jwtPublicKey?: KeyObject | string;
  /** Of tokens that were issued. Default two hours. */
  tokenLifeMs?: number;
  /** Requests in 24 hours. */
  dailyLimit?: number;
  isMultiCurrency?: boolean;
  knobs?: Partial<SalesforceKnobs>;
  pubsub?: {
    /** Default 0: a free one. */
    port?: number;
    /** PEM. Absent: plain HTTP/2, which Salesforce has not. */
    tls?: { key: string; cert: string };
  };
}

export const SALESFORCE_DEFAULTS = {
  clientId: 'sandbox-salesforce-client-id',
  clientSecret: 'sandbox-salesforce-client-secret',
  accessToken: '00D8d000009KxTq!sandbox-salesforce-access-token',
  refreshToken: 'sandbox-salesforce-refresh-token',
  rotatesRefreshTokens: false,
  organizationId: '00D8d000009KxTqEAK',
  tokenLifeMs: 7_200_000,
  dailyLimit: 15_000,
  isMultiCurrency: false,
};

export type SalesforceSettings = typeof SALESFORCE_DEFAULTS & SalesforceOptions;
