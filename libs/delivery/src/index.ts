export type { ConsumerSpec, HandlerInput, HandlerItem, RunHandler } from './consumer-spec.js';
export { startConsumer, type Consumer, type ConsumerDependencies } from './consumer.js';
export type { ConsumerStatus } from './consumer-status.js';
export type { DeadLetter } from './dead-letter.js';
export { describeError, type ErrorInfo, type Outcome } from './outcome.js';
export { DEFAULT_POLICY, type Backoff, type DeliveryPolicy, type StartFrom } from './policy.js';
export { ensureDirectDurable, redrive, type RedriveRequest, type RedriveResult } from './redrive.js';
export { DELIVERY_MIGRATIONS } from './store/migrations.js';
export type { SettledNotice } from './settled-notice.js';
