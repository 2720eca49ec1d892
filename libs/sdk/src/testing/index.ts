export { buildTestEvent, type TestEventData, type TestEventOptions } from './build-test-event.js';
export type { EventTypeOf } from './event-type-of.js';
export type { ProviderOverride } from './open-test-context.js';
export type { LogLine } from './record-log.js';
export type { TestBatchItem, TestSettlement } from './run-test-batch.js';
export {
  TEST_DEFAULTS,
  testPlugin,
  type PluginTest,
  type SendOptions,
  type TestPluginOptions,
  type TestRun,
} from './test-plugin.js';
export { openTestApi } from './source/open-test-api.js';
export type {
  ExpectedNotification,
  FetchSample,
  RecordSample,
  RequestSample,
  SampleRequest,
  SignatureSample,
  SourceCheck,
  SourceSamples,
  WalkSample,
  WriteSample,
} from './source/source-samples.js';
export { testSource } from './source/test-source.js';
