// What sources are made of: pure functions, for the shipped ones and for those of others.
export { equalsInConstantTime } from './compare-secrets.js';
export { minorDigitsOf, toDecimalText } from './convert-decimal.js';
export { toIsoTime } from './convert-time.js';
export { isJson, readMediaType } from './media-type.js';
export { parseJson, parseJsonBody } from './parse-json.js';
export { readBasic } from './read-basic.js';
export { isObject, readId } from './read-value.js';
export { refuseMapping, refuseNotification, refuseRequest } from './refuse.js';
export { checkTimestamp, SIGNATURE_WINDOW_MS, type TimestampRule } from './timestamp-window.js';
