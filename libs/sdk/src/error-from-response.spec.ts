import { describe, expect, it } from 'vitest';
import { errorFromResponse, readRetryAfterMs } from './error-from-response.js';

const NOW_MS = Date.parse('2026-01-31T12:00:00Z');

describe('errorFromResponse', () => {
  it.each([
    [429, '7', { name: 'Unavailable', retryAfterMs: 7_000 }],
    [429, undefined, { name: 'Unavailable', retryAfterMs: undefined }],
    [502, undefined, { name: 'Unavailable' }],
    [503, '5', { name: 'Unavailable', retryAfterMs: 5_000 }],
    [504, undefined, { name: 'Unavailable' }],
    [408, undefined, { name: 'Error' }],
    [425, '1', { name: 'RetryLater', delayMs: 1_000 }],
    [500, undefined, { name: 'Error' }],
    [500, '2', { name: 'RetryLater', delayMs: 2_000 }],
    [302, undefined, { name: 'PermanentError' }],
    [400, '2', { name: 'PermanentError' }],
    [404, undefined, { name: 'PermanentError' }],
  ])('%i with Retry-After %s', (status, retryAfter, expected) => {
    const response = new Response(null, { status, headers: retryAfter ? { 'retry-after': retryAfter } : {} });
    const error = errorFromResponse(response);
    expect(error).toMatchObject({ ...expected, message: `the receiver answered ${status}` });
  });
});

it.each([
  ['120', 120_000],
  [' 1.5 ', 1_500],
  ['0', 1],
  ['Sat, 31 Jan 2026 12:00:20 GMT', 20_000],
  ['Sat, 31 Jan 2026 11:00:00 GMT', 1],
  ['soon', undefined],
  ['', undefined],
  [null, undefined],
])('reads Retry-After %j as %s ms', (value, expected) => {
  expect(readRetryAfterMs(value, NOW_MS)).toBe(expected);
});
