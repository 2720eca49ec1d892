export { AccessConfig, BasicAccessConfig } from './access-config.js';
export { ConfigError, type ConfigProblem } from './config-error.js';
export {
  ConnectionConfig,
  HttpConfig,
  MeshConfig,
  NatsConfig,
  RateLimitConfig,
  StoreConfig,
  StreamConfig,
  StreamsConfig,
} from './mesh-config.js';
export { PollConfig } from './poll-config.js';
export { describeConfig, type ConfigKey } from './describe-config.js';
export { findOpenDoor, type OpenDoor } from './find-open-door.js';
export { loadConfig, type LoadedConfig, type LoadOptions } from './load-config.js';
export { resolveNats, type NatsLocation } from './nats-location.js';
export { parseNetwork, type Network } from './network.js';
export { listPluginReconciles, readPluginSettings, type PluginSettings } from './plugin-settings.js';
export { ReconcileConfig } from './reconcile-config.js';
export type { SecretReference } from './references.js';
export { listStreamLimits, type StreamLimits } from './stream-limits.js';
export { suggestName } from './suggest-name.js';
export { refuseConfig, validateConfig } from './validate-config.js';
export { formatWebhookPath } from './webhook-path.js';
export { watchConfig, type ConfigWatch, type WatchOptions } from './watch-config.js';
