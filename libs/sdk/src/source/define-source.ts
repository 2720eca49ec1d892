import type { Notification } from '@crm-mesh/contract';
import type { ConfigSchema } from '../config-schema.js';
import type { ApiDescription } from './api.js';
import type { SourceContext } from './context.js';
import type { CrmDescription } from './metadata.js';
import type { SourcePoll, SourceScan, SubscribeRequest } from './poll.js';
import type { FetchedRecords, MappedRecord, NotificationDraft } from './record.js';
import type { AcceptedReply, HandshakeReply, Hypothesis, Verification, WebhookRequest } from './webhook.js';
import type { WriteRequest, WriteResult } from './write.js';

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
  /**
   * `false`: what `verify` asks for is known to others too (an account's id). `mesh doctor` then asks for `access` of the
   * connection. Default `true`.
   */
  provesSender?: boolean;
  /** Answers an OPTIONS request. */
  handshake?(request: WebhookRequest, context: SourceContext<C>): HandshakeReply;
  /** One notification per record; throws MESH_NOTIFICATION_INVALID on a body it cannot read. Calls no API. */
  split?(request: WebhookRequest, context: SourceContext<C>): NotificationDraft[];
  /** What the sender is answered when its request is stored. Default: 202 without a body. */
  reply?(request: WebhookRequest, context: SourceContext<C>): AcceptedReply;
  /** How `context.api` reaches the CRM. Asked once for each configuration. */
  api?(config: C): ApiDescription;
  /** Reads at most `fetchBatchSize` records of one entity. Throws `Unavailable` or `RetryLater` when the CRM says so. */
  fetch?(entity: string, ids: readonly string[], context: SourceContext<C>): Promise<FetchedRecords>;
  /** Default 100. */
  fetchBatchSize?: number;
  /** Asks what changed, on a schedule. */
  poll?: SourcePoll<C>;
  /** Goes through everything. */
  scan?: SourceScan<C>;
  /** Follows a stream that the CRM pushes, until the signal aborts; when it throws, it is called again after a while. */
  subscribe?(request: SubscribeRequest, context: SourceContext<C>): Promise<void>;
  /** Changes a record. Throws as `fetch` does. */
  write?(request: WriteRequest, context: SourceContext<C>): Promise<WriteResult>;
  /** The CRM's metadata, by which changes of its schema are found. */
  describe?(context: SourceContext<C>): Promise<CrmDescription>;
  /** The CRM's fields that `map` reads of an entity: whoever changes one of them is told what depends on it. */
  reads?(entity: string, config: C): readonly string[];
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
