export { chooseIsolation, choosePolicy } from './choose-policy.js';
export type { PluginToRun } from './describe-consumer.js';
export { logOutcome } from './log-outcome.js';
export type { PluginCode, PluginSummary, Restarting } from './plugin-code.js';
export { replacePlugin, RunningPlugin } from './running-plugin.js';
