export { chooseIsolation, choosePolicy } from './choose-policy.js';
export type { PluginToRun } from './describe-consumer.js';
export { LeaseShare } from './lease-share.js';
export type { ShareStatus } from './leased-consumer.js';
export { logOutcome } from './log-outcome.js';
export type { PluginCode, PluginSummary, Restarting } from './plugin-code.js';
export { replacePlugin, RunningPlugin, type RunningPluginDependencies } from './running-plugin.js';
