// For what runs plugins and sources (the host, the normaliser, the test kit); a plugin needs none of it.
export { checkDefinition } from '../checks/check-definition.js';
export { checkSourceDefinition } from '../checks/check-source-definition.js';
export { checkBatching } from '../checks/check-batching.js';
export { checkDelivery } from '../checks/check-delivery.js';
export { dropUndefined, expandPreset, PRESETS } from '../checks/delivery-presets.js';
export { describeProblems, describeUnknownKey, type Problem } from '../checks/problem.js';
export { answerQuestion } from '../reconcile/answer-question.js';
export { runBatch, type BatchRun, type PartlyFailed } from './run-batch.js';
export { openSink, type Sink } from '../sink/open-sink.js';
export { refuseTransaction, type SinkOfRun } from '../sink/run-once.js';
export { runPlugin, type PluginRun } from './run-plugin.js';
export { withProviders } from './with-providers.js';
export { classifyAbort, classifyError, type Verdict } from './verdict.js';
