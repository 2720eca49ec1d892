// For what runs plugins and sources (the host, the normaliser, the test kit); a plugin needs none of it.
export { runPlugin, type PluginRun } from './run-plugin.js';
export { classifyAbort, classifyError, type Verdict } from './verdict.js';
