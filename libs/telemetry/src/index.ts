export { createLogger, type Logger } from './logger.js';
export { createMetrics, type Metrics } from './metrics.js';
export { NestLogger } from './nest-logger.js';
export { OperationModule, type OperationOptions } from './operation.module.js';
export type { Readiness, ReadinessCheck } from './readiness.js';
