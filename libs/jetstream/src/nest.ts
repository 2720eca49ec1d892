export { connectControl, ControlErrorFilter } from './control-error-filter.js';
export { ControlContext, JetStreamStrategy, type JetStreamStrategyOptions } from './strategy.js';
