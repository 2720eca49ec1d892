export type {
  AnyRecord,
  Change,
  Entity,
  EventPattern,
  EventType,
  MeshEvent,
  Notification,
  Origin,
  RecordKey,
  RecordOf,
} from '@crm-mesh/contract';
export type {
  DigestsAnswer,
  DigestsQuestion,
  EntityScope,
  PageAnswer,
  PageQuestion,
  PlaceRange,
  RangeDigest,
  RecordPlace,
} from '@crm-mesh/contract';
export { digestMark, markFields, MeshError } from '@crm-mesh/contract';
export type {
  Address,
  Company,
  Contact,
  CustomRecord,
  Deal,
  Invoice,
  Lead,
  LineItem,
  Money,
  Order,
  Payment,
  Product,
} from '@crm-mesh/contract';
export type { ConfigSchema, StandardIssue, StandardResult, StandardSchema } from './config-schema.js';
export { PermanentError, RetryLater, Unavailable } from './delivery-errors.js';
export {
  SKIPPABLE_ORIGINS,
  type DeliveryOptions,
  type DeliveryPreset,
  type EachLimit,
  type RateLimit,
  type SkippableOrigin,
} from './delivery-options.js';
export { errorFromResponse, readRetryAfterMs, type HttpAnswer } from './error-from-response.js';
export { isEvent } from './is-event.js';
export type { Log, LogMethod } from './log.js';
export { defineMapping, MAPPING_MARK, type Mapping, type MappingFunction, type MappingInput } from './mapping.js';
export { definePatch, PATCH_MARK, type Patch, type PatchedLetter, type PatchFunction } from './patch.js';
export {
  definePlugin,
  PLUGIN_MARK,
  type BatchContext,
  type BatchResult,
  type HandlerResult,
  type Plugin,
  type PluginContext,
  type PluginDefinition,
  type PluginLifecycleContext,
} from './plugin.js';
export { PLUGIN_CONFIG, PLUGIN_LOG, type Injected, type InjectionToken } from './providers.js';
export type { PluginReconcile, ReconcileContext } from './reconcile/plugin-reconcile.js';
export { reconcileList, type ListedRecord, type ReconcileListOptions } from './reconcile/reconcile-list.js';
export { reconcileTable, type ReconciledTable, type RowStamp } from './reconcile/reconcile-table.js';
export type { ReconcileTableOptions, TableColumns } from './reconcile/table-columns.js';
export type { SinkReader, SinkTransaction, SinkValue, SinkWork } from './sink/sink-transaction.js';
export {
  RefusedRequest,
  URGENCIES,
  type ApiAnswer,
  type ApiAuth,
  type ApiClient,
  type ApiDescription,
  type ApiFailure,
  type ApiQuota,
  type ApiRequest,
  type OAuth,
  type Urgency,
} from './source/api.js';
export type { SourceContext } from './source/context.js';
export { defineSource, SOURCE_MARK, type Source, type SourceDefinition } from './source/define-source.js';
export type { CrmDescription, EntityDescription, FieldDescription } from './source/metadata.js';
export type {
  PollPage,
  PollRequest,
  ScanPage,
  ScanRequest,
  SourcePoll,
  SourceScan,
  SubscribeRequest,
} from './source/poll.js';
export type { FetchedRecords, MappedRecord, NotificationDraft, UnreadField } from './source/record.js';
export type {
  AcceptedReply,
  HandshakeReply,
  Hypothesis,
  Verification,
  VerificationFailure,
  WebhookRequest,
} from './source/webhook.js';
export type { WriteRequest, WriteResult } from './source/write.js';
