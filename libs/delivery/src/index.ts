export { toAuditMessage, type AuditEntry, type RecordDeed, type RepairEntry, type ReplayEntry } from './audit.js';
export type { ConsumerSpec, HandlerInput, HandlerItem, HandlerRun, RunHandler } from './consumer-spec.js';
export type { ConsumerDependencies } from './consumer-dependencies.js';
export { computeBackoffMs } from './backoff.js';
export { startConsumer, type Consumer } from './consumer.js';
export type { ConsumerStatus } from './consumer-status.js';
export type { DeadLetter } from './dead-letter.js';
export { dropDeadLetters, type DropRequest, type DropResult } from './drop.js';
export type { Standing, Verdict } from './explain/judge-item.js';
export { readNewest, readTrail, type RecordTrail, type SentCopy, type ToldEvent } from './explain/read-record.js';
export { toToldAttempts, toToldError, type ToldAttempt, type ToldError } from './explain/told-error.js';
export {
  traceConsumer,
  type ConsumerTrace,
  type ItemToTrace,
  type ParkedLane,
  type TracedItem,
} from './explain/trace-consumer.js';
export { describeError, type ErrorInfo, type Outcome, type RunOutcome } from './outcome.js';
export {
  DEFAULT_BATCH,
  DEFAULT_POLICY,
  type AckPolicy,
  type Backoff,
  type DeliveryPolicy,
  type StartFrom,
} from './policy.js';
export { listPartitions, nameDurable, readPartition, type Partition } from './partition.js';
export { changeLayout, readLayout, removeReplaced, type PartitionLayout } from './partition-layout.js';
export { Quarantine } from './quarantine.js';
export { ensureDirectDurable, redrive, type RedrivePatch, type RedriveRequest, type RedriveResult } from './redrive.js';
export { Replays, type Place, type ReplayProgress, type ReplayRequest, type ReplayStep } from './replay.js';
export { findStored } from './is-stored.js';
export { describeHeaders, REPAIR } from './redriven-copy.js';
export { DELIVERY_MIGRATIONS } from './store/migrations.js';
export { listParkedAmong, listReceiptsAmong, type ReceiptPlace } from './store/whereabouts-rows.js';
export { listReceipts, type KeptReceipt, type ReceiptQuery } from './store/receipt-records.js';
export type { ReadSnapshot, SnapshotEvent, SnapshotPage } from './snapshot-page.js';
export type { SettledNotice } from './settled-notice.js';
