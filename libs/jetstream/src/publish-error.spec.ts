import { describe, expect, it } from 'vitest';
import { classifyPublishError, PublishError, type RetryClass } from './publish-error.js';

describe('classifyPublishError', () => {
  const table: [RetryClass, number[]][] = [
    // In flight elsewhere, leader moving, rate limited, JetStream away.
    ['transient', [10158, 10163, 10164, 10167, 10210, 10211, 10008, 10009, 10063, 10039]],
    ['full', [10023, 10028, 10047, 10077]],
    ['permanent', [10054, 10060, 10070, 10071, 10097, 10109, 10165, 10166, 10188, 10189, 10190, 10191, 10192]],
    // Never heard of: better once too often than lost.
    ['transient', [0, 99_999]],
  ];
  it.each(table)('calls %s: %j', (retryClass, codes) => {
    for (const code of codes) expect(classifyPublishError(code)).toBe(retryClass);
  });
});

it('a PublishError is an Error with its class and codes', () => {
  const cause = new Error('why');
  const error = new PublishError('full', 'no room', { errorCode: 10077, cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: 'PublishError',
    message: 'no room',
    retryClass: 'full',
    errorCode: 10077,
    cause,
  });
  expect(error.code).toBeUndefined();
});
