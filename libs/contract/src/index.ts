// Every app, worker and command loads this at its start: what checks events and records stands behind doors of its own.
export { buildEvent, eventSource, eventSubjectAttribute, type EventParts } from './build-event.js';
export { findClosestWord } from './closest-word.js';
export { hashContent } from './content-hash.js';
export type { EventData, EventDataOf, FieldChange, MeshEvent } from './envelope.js';
export { MESH_ERRORS, MeshError, type MeshErrorCode } from './errors.js';
export { eventId, parseEventId, type EventId } from './event-id.js';
export {
  checkEventPattern,
  isEventPattern,
  matchesPatterns,
  patternFilters,
  type PatternCheck,
} from './event-patterns.js';
export {
  ACTIONS,
  COMMON_ACTIONS,
  ENTITIES,
  isEntity,
  isEventType,
  isKnownEntity,
  listActions,
  type Action,
  type CommonAction,
  type DealAction,
  type Entity,
  type EntityOf,
  type EventPattern,
  type EventType,
  type KnownEntity,
} from './event-types.js';
export { notificationMessageId } from './message-id.js';
export { CHANGES, type Change, type Notification } from './notification.js';
export { ORIGINS, type Origin } from './origin.js';
export { diffRecords } from './record-diff.js';
export { listRecordFilters, type RecordFilters } from './record-filters.js';
export { formatRecordKey, parseRecordKey, type RecordKey } from './record-key.js';
export { isDay, isTimestamp } from './records/formats.js';
export type {
  Activity,
  ActivityKind,
  Address,
  AnyRecord,
  BaseRecord,
  Company,
  Contact,
  Contract,
  ContractStatus,
  CustomRecord,
  Deal,
  DealStatus,
  Invoice,
  InvoiceStatus,
  Lead,
  LineItem,
  Money,
  Order,
  Payment,
  Product,
  Quote,
  QuoteStatus,
  RecordOf,
  Ticket,
  TicketStatus,
} from './records/index.js';
export { digestMark } from './reconciliation/digest-mark.js';
export { markFields } from './reconciliation/mark-fields.js';
export {
  EDITED_SUFFIX,
  placeBehind,
  reconcileSubject,
  type DigestsAnswer,
  type DigestsQuestion,
  type EntityScope,
  type HoldingsAnswer,
  type HoldingsQuestion,
  type PageAnswer,
  type PageQuestion,
  type PlaceRange,
  type RangeDigest,
  type ReconcileAnswer,
  type ReconcileFailure,
  type ReconcileQuestion,
  type RecordPlace,
} from './reconciliation/question.js';
export { castForReader, type SchemaVersions } from './schema/cast-event.js';
export { dataSchemaUrl, schemaVersion } from './schema/json-schema.js';
export { SCHEMA_STEPS, type SchemaStep, type SchemaSteps, type VersionedData } from './schema/steps.js';
export { listStateActions } from './state-actions.js';
export {
  MAX_SUBJECT_BYTES,
  auditSubject,
  deadSubject,
  directSubject,
  eventFilter,
  eventSubject,
  parseEventSubject,
  parseRawSubject,
  rawFilter,
  rawSubject,
  type EventAddress,
} from './subjects.js';
export { MAX_TOKEN_BYTES, escapeToken, unescapeToken } from './tokens.js';
