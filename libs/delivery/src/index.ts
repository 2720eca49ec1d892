export type { ConsumerSpec, HandlerInput, HandlerItem, RunHandler } from './consumer-spec.js';
export {
  startConsumer,
  type Consumer,
  type ConsumerDependencies,
  type ConsumerStatus,
  type SettledNotice,
} from './consumer.js';
export type { DeadLetter } from './dead-letter.js';
export { describeError, type ErrorInfo, type Outcome } from './outcome.js';
export { DEFAULT_POLICY, type Backoff, type DeliveryPolicy, type StartFrom } from './policy.js';
export { ensureDirectDurable, redrive, type RedriveRequest, type RedriveResult } from './redrive.js';
export { DELIVERY_MIGRATIONS } from './store/migrations.js';
