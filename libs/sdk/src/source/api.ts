import { PermanentError } from '../delivery-errors.js';

/** Whose turn it is where a connection's rate limit is short: the first before the second. */
export const URGENCIES = ['live', 'repair', 'backfill'] as const;
/** One of {@link URGENCIES}. */
export type Urgency = (typeof URGENCIES)[number];

/** One call of a CRM's API. */
export interface ApiRequest {
  /** Default `GET`. */
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the API's address, e.g. `/crm/v3/objects/deals/batch/read`. */
  path: string;
  /** Appended to the path; `undefined` is left out. */
  query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Besides those of the connection. */
  headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as a form. */
  form?: Readonly<Record<string, string>>;
  /** How much of the rate limit it takes. Default 1. */
  cost?: number;
  /** Statuses besides 2xx that are an answer to the caller and no failure, e.g. `[404]`. */
  accept?: readonly number[];
}

/** What the CRM answered. */
export interface ApiAnswer {
  /** The HTTP status. */
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
  /** Its JSON, as `parseJson` of the kit reads it (no digit of a long number is lost); undefined where it is no JSON. */
  body: unknown;
  /** As it came. */
  text: string;
}

/**
 * A CRM's API, under the rate limit that all of the connection share. What fails is thrown as the delivery engine
 * understands it: `Unavailable` for what is down, not allowed or over a limit (which is no fault of the record, and must
 * not spend its attempts), {@link RefusedRequest} for what the CRM will never take.
 */
export interface ApiClient {
  /** Resolves to answers 2xx, and those that the request accepts. Lost connections, 429 and 5xx are not tried again here. */
  request(request: ApiRequest): Promise<ApiAnswer>;
}

/** The CRM will never take this request as it is. */
export class RefusedRequest extends PermanentError {
  constructor(
    message: string,
    /** The HTTP status. */
    readonly status: number,
    /** What the CRM answered, if it was JSON. It may hold personal data: not for logs. */
    readonly body?: unknown,
  ) {
    super(message);
  }
}

/** How requests show who they are. */
export type ApiAuth =
  | { kind: 'none' }
  /** A private app's token: `Authorization: Bearer`. */
  | { kind: 'bearer'; token: string }
  /** `x-api-token: …` */
  | { kind: 'header'; name: string; value: string }
  /** RFC 7617. */
  | { kind: 'basic'; user: string; password: string }
  | OAuth;

/**
 * OAuth 2.0. However many requests wait, one of them fetches the token; it is renewed before it ends, and once when the
 * API answers 401.
 * @see https://www.rfc-editor.org/rfc/rfc6749 and, for `jwt-bearer`, https://www.rfc-editor.org/rfc/rfc7523
 */
export interface OAuth {
  /** Tells it from the other ways. */
  kind: 'oauth2';
  /** Where tokens are fetched. */
  tokenUrl: string;
  /** The app's id. */
  clientId: string;
  /** Not needed by `jwt-bearer`. */
  clientSecret?: string;
  /** Where the client shows itself: in the form (`body`) or by Basic authentication. Default `body`. */
  clientAuth?: 'body' | 'basic';
  /** By what a token is got. */
  grant:
    | { type: 'refresh_token'; refreshToken: string }
    | { type: 'client_credentials' }
    /** Signed with RS256. */
    | { type: 'jwt-bearer'; privateKeyPem: string; subject: string; audience: string };
  /** Separated by blanks. Default: what the app was granted. */
  scope?: string;
  /** Where the answer names the API's address (Salesforce's `instance_url`): it takes the place of `baseUrl`. */
  baseUrlOf?(token: Readonly<Record<string, unknown>>): string | undefined;
}

/** What an answer says of the limits. */
export interface ApiQuota {
  /** Requests (or their cost) that are left in the present interval: ours is lowered to it, as others use the account too. */
  remaining?: number;
  /** Left of the day. */
  dailyRemaining?: number;
  /** Of a day. */
  dailyLimit?: number;
}

/** What a failure means, where the status alone does not say it. */
export type ApiFailure =
  /** Over a limit: nothing is sent for so long, in milliseconds. */
  | { kind: 'blocked'; what: string; retryAfterMs: number }
  /** Down, or not allowed until somebody mends it: the record is not to blame. */
  | { kind: 'unavailable'; what: string; retryAfterMs?: number }
  /** The token is no longer taken. */
  | { kind: 'unauthorised'; what: string }
  /** This request will never be taken. */
  | { kind: 'refused'; what: string };

/** How a connection's API is reached. */
export interface ApiDescription {
  /** As errors call it: `HubSpot`. */
  title: string;
  /** Every path is appended to it. */
  baseUrl: string;
  /** How requests show who they are. */
  auth: ApiAuth;
  /** What the connection may ask for; shared by all that ask. */
  limits: {
    /** Requests (or their cost) in each interval. */
    requests: number;
    /** In milliseconds. */
    intervalMs: number;
    /** Requests under way at once. */
    concurrent: number;
  };
  /** How long one request may take. Default 10,000. */
  timeoutMs?: number;
  /** With each request. */
  headers?: Readonly<Record<string, string>>;
  /** Asked of each answer, whatever its status. */
  readQuota?(answer: ApiAnswer): ApiQuota | undefined;
  /**
   * Asked of each failure. Undefined: by its status (429 blocked, 401 unauthorised, 403 and 408 and 5xx unavailable, the
   * rest refused). `what` ends a sentence that begins with the title and the request, and holds no personal data.
   */
  explain?(answer: ApiAnswer, request: ApiRequest): ApiFailure | undefined;
}
