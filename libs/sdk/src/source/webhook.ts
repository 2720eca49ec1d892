/** A webhook request as it came in: the bytes are what the sender signed. */
export interface WebhookRequest {
  /** In capitals. */
  method: string;
  /** Path and query as received, e.g. `/webhooks/acme/hubspot?x=1`. */
  url: string;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | undefined>>;
  /** Byte by byte as it was received. */
  body: Uint8Array;
}

/** Why a request is refused. `reason` is for the operator who asks `mesh source verify`, and goes to nobody else. */
export type Verification = { ok: true; scheme: string } | { ok: false; code: VerificationFailure; reason: string };

/** Why a request is not proved, as logs and metrics name it. */
export type VerificationFailure =
  | 'signature-missing'
  | 'signature-malformed'
  | 'signature-mismatch'
  | 'timestamp-missing'
  | 'timestamp-malformed'
  | 'timestamp-out-of-window'
  | 'scheme-not-allowed'
  | 'credentials-missing'
  | 'credentials-mismatch'
  /** The sender is known, but not allowed to deliver from where it says it stands: 403 instead of 401. */
  | 'origin-not-allowed';

/** An HTTP answer that a handshake gives (CloudEvents' abuse protection). */
export interface HandshakeReply {
  /** The HTTP status. */
  status: number;
  /** Names in any case. */
  headers: Record<string, string>;
}

/** What a sender wants to hear when its request is stored, where an empty 202 is not enough (Salesforce's outbound messages). */
export interface AcceptedReply {
  /** 2xx. Default 200. */
  status?: number;
  /** The media type of `body`. */
  contentType: string;
  /** Sent as it is. */
  body: string;
}

/** One way in which a refused request may have come about, for `mesh source verify`: other settings to try. */
export interface Hypothesis<C = unknown> {
  /** Short, e.g. `signature v1`. */
  name: string;
  /** Tried in place of the same settings of the connection. */
  config: Partial<C>;
  /** What is wrong when the request passes with this configuration, and how to mend it; without any secret. */
  why: string;
  /** How to mend it. */
  cure: string;
}
