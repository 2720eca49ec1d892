// The Nest strategy is '@crm-mesh/jetstream/nest': loading Nest's microservices takes half a second, which the CLI has not.
export { isClaimed, type Claim } from './claims.js';
export { connectNats } from './connect.js';
export { controlSubject, requestControl, requestEvery } from './control.js';
export type { Lease, LeaseOptions } from './lease.js';
export type { Delivery, OutgoingMessage, PubAck, StoredMessage } from './message.js';
export type { NatsLog, NatsOptions } from './nats-options.js';
export { Nats } from './nats.js';
export { PublishError, type RetryClass } from './publish-error.js';
export type { Pull, PullNotice } from './pull-options.js';
export { serveSubject, type Service, type ServiceFacts } from './service.js';
export { settle, type Settlement } from './settle.js';
export type { AckMode, DurableSpec, DurableState, StreamState } from './state.js';
export { STREAM_NAMES, type StreamName, type StreamOptions } from './stream-specs.js';
export { ensureStreams, reportStreamDrift, type StreamDrift, type StreamsOptions } from './streams.js';
