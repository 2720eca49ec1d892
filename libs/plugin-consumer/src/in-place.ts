// For the thread in which a plugin lives: no more of the engine is loaded there than this needs, and before its first event
// nothing that reads events.
export { PluginLife } from './plugin-life.js';
export type { RunInput } from './run-handler.js';
export { summarise } from './summarise.js';
