// For the thread in which a plugin lives: no more of the engine is loaded there than this needs.
export { readLane } from './read-lane.js';
export { PluginLife } from './plugin-life.js';
export { readEvent, toOutcome, type RunInput } from './run-handler.js';
export { summarise } from './summarise.js';
