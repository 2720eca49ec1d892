import { describe, expect, it } from 'vitest';
import { PermanentError, RetryLater, Unavailable } from '../delivery-errors.js';
import { classifyError } from './verdict.js';

const TIMED_OUT = AbortSignal.abort(new DOMException('too late', 'TimeoutError'));
const STOPPED = AbortSignal.abort();
/** As a plugin folder's own copy of the sdk would throw it. */
const FOREIGN = Object.assign(new Error('no such account'), { name: 'PermanentError' });

describe('classifyError', () => {
  it.each([
    ['PermanentError', new PermanentError('no'), undefined, { kind: 'permanent' }],
    ['PermanentError of another copy of the sdk', FOREIGN, undefined, { kind: 'permanent' }],
    ['PermanentError after a stop', new PermanentError('no'), STOPPED, { kind: 'permanent' }],
    ['RetryLater', new RetryLater(2_500), undefined, { kind: 'retry-later', delayMs: 2_500 }],
    ['Unavailable', new Unavailable('down'), undefined, { kind: 'unavailable' }],
    [
      'Unavailable with a time',
      new Unavailable('down', { retryAfterMs: 9 }),
      undefined,
      { kind: 'unavailable', retryAfterMs: 9 },
    ],
    ['Unavailable because of a stop', new Unavailable('aborted'), STOPPED, { kind: 'interrupted' }],
    ['any other error', new TypeError('x is undefined'), undefined, { kind: 'failed' }],
    ['a thrown text', 'oops', undefined, { kind: 'failed', error: 'oops' }],
    ['an error after the deadline', new Error('aborted'), TIMED_OUT, { kind: 'timeout' }],
    ['an error after a stop', new Error('aborted'), STOPPED, { kind: 'interrupted' }],
  ])('%s', (_, error, signal, expected) => {
    expect(classifyError(error, signal)).toMatchObject(expected);
  });
});
