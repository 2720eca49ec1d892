// Reads events where a consumer's code runs: loads what checks them.
export { readLane } from './read-lane.js';
export { readEvent, toOutcome } from './run-handler.js';
