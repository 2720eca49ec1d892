// What reads dead letters, for the command line: it has no store, and loading typeorm takes a third of a second.
export { readPayload } from './bury.js';
export type { DeadLetter } from './dead-letter.js';
export { groupOf } from './fingerprint.js';
