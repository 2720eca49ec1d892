import type { AnyRecord, Change, Notification } from '@crm-mesh/contract';
import type { ConfigSchema } from './config-schema.js';
import type { Log } from './log.js';

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

/** One sign of one record's change, as a source reads it out of a request. */
export interface NotificationDraft {
  /** A canonical entity, or `custom-…`. */
  entity: string;
  /** The CRM's own id of the record, as text. */
  id: string;
  /** What the CRM says happened. */
  change: Change;
  /** The same whenever the CRM says the same thing again; see {@link Notification.dedupeKey}. */
  dedupeKey: string;
  /** ISO 8601. */
  modifiedAt?: string;
  /** For `merged`: ids of the records that this one has swallowed. */
  mergedIds?: string[];
  /** The CRM's own item, untouched; it must fit into JSON. */
  payload: unknown;
}

/** What a source's functions get: one configured connection. */
export interface SourceContext<C = unknown> {
  /** The tenant of mesh.yaml. */
  tenant: string;
  /** The name of the connection, unique in the tenant. */
  connection: string;
  /** The same object as long as the configuration stands: sources keep rate limits, keys and caches by it. */
  config: C;
  /** The URL that the CRM was told, with no query; what stands behind a proxy does not see it in `Host`. */
  publicUrl: string;
  /** Epoch milliseconds. */
  now(): number;
  /** Lines carry the tenant and the connection by themselves. */
  log: Log;
}

/** The state of one record, in the canonical model. */
export type MappedRecord =
  | {
      state: 'present';
      record: AnyRecord;
      modifiedAt?: string;
      /** The record holds only what changed: it is merged over the last known state (`applyPatch` of the sources). */
      patch?: true;
      /** With `patch`: fields that were emptied; fields of `custom` as `custom.<name>`. */
      cleared?: readonly string[];
    }
  | { state: 'deleted'; modifiedAt?: string }
  | { state: 'erased'; modifiedAt?: string };

/** The CRM's own objects by id; an id that is absent does not exist there (any more). */
export type FetchedRecords = ReadonlyMap<string, unknown>;

/** An HTTP answer that a handshake gives (CloudEvents' abuse protection). */
export interface HandshakeReply {
  /** The HTTP status. */
  status: number;
  /** Names in any case. */
  headers: Record<string, string>;
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

/** Code that speaks one CRM's interface. Each part is optional but `map`; what is absent the CRM does not have. */
export interface SourceDefinition<C = unknown> {
  /** What `connections[].source` of mesh.yaml calls it. */
  name: string;
  /** Describes `connections[].config` of mesh.yaml; wrong values are refused with the key's name. */
  config: ConfigSchema<C>;
  /**
   * How long signs of one record are gathered before it is fetched once, in milliseconds. Default 0. A connection's own
   * `coalesceMs`, where the source's configuration has one, wins.
   */
  coalesceMs?: number;
  /**
   * Media types that `split` reads, in lower case and without parameters; others get 415. Default: `application/json`.
   * `['*']`: `split` decides, and throws MESH_MEDIA_TYPE_UNSUPPORTED.
   */
  mediaTypes?: readonly string[];
  /** Proves who sent the request, over its raw bytes, in constant time. */
  verify?(request: WebhookRequest, context: SourceContext<C>): Verification;
  /** Answers an OPTIONS request. */
  handshake?(request: WebhookRequest, context: SourceContext<C>): HandshakeReply;
  /** One notification per record; throws MESH_NOTIFICATION_INVALID on a body it cannot read. Calls no API. */
  split?(request: WebhookRequest, context: SourceContext<C>): NotificationDraft[];
  /** Reads at most `fetchBatchSize` records of one entity. Throws `Unavailable` or `RetryLater` when the CRM says so. */
  fetch?(entity: string, ids: readonly string[], context: SourceContext<C>): Promise<FetchedRecords>;
  /** Default 100. */
  fetchBatchSize?: number;
  /** What `mesh source verify` tries besides URL, clock and body: configurations that people take for this one. */
  hypotheses?(context: SourceContext<C>): readonly Hypothesis<C>[];
  /**
   * The record's state. `notification` stands for all that were gathered (`gatherNotifications` of the sources);
   * `fetched` is the CRM's object, for sources with `fetch` (undefined: it does not exist there). May be asynchronous
   * to read what the record refers to (pipelines). Throws `RetryLater` when it is too early to say, `PermanentError`
   * with MESH_MAPPING_INVALID when the record cannot be mapped.
   */
  map(
    input: { notification: Notification; fetched: unknown },
    context: SourceContext<C>,
  ): MappedRecord | Promise<MappedRecord>;
}

/** Marks a source's definition. */
export const SOURCE_MARK = '@crm-mesh/source@1';

/** A definition that went through {@link defineSource}. */
export type Source<C = unknown> = SourceDefinition<C> & { readonly kind: typeof SOURCE_MARK };

/** Defines a source: a folder of `libs/sources`, or the default export of `plugins/<name>.source.ts`. */
export function defineSource<C>(definition: SourceDefinition<C>): Source<C> {
  return { ...definition, kind: SOURCE_MARK };
}
