// What checks events and records. It takes longer to load than all else of the contract.
export { parseCheckedEvent, parseEvent } from './parse-event.js';
export { parseNotification } from './parse-notification.js';
export { findMisfits, type Misfit } from './validation/find-misfits.js';
export { validateEvent } from './validation/validate-event.js';
export { validateRecord } from './validation/validate-record.js';
