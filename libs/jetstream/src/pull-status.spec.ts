import { describe, expect, it } from 'vitest';
import { PullRequests } from './pull-requests.js';
import { clampPull, decidePullStatus, describeDelay } from './pull-status.js';

describe('decidePullStatus', () => {
  it.each([
    [100, 'Idle Heartbeat', 'alive'],
    [404, 'No Messages', 'again'],
    [408, 'Request Timeout', 'again'],
    [409, 'Batch Completed', 'again'],
    [409, 'Leadership Change', 'again'],
    [409, 'Server Shutdown', 'again'],
    [409, 'Consumer Deleted', 'check'],
    [409, 'Stream Deleted', 'check'],
    [409, 'Exceeded MaxRequestBatch of 10', 'limited'],
    [409, 'Exceeded MaxRequestExpires of 1s', 'limited'],
    [409, 'Exceeded MaxRequestMaxBytes of 10', 'limited'],
    [409, 'Message Size Exceeds MaxBytes', 'limited'],
    [409, 'Exceeded MaxWaiting', 'limited'],
    [409, 'Consumer is push based', 'refused'],
    [503, '', 'check'],
    [400, 'Bad Request', 'refused'],
  ])('%i %s → %s', (code, description, step) => {
    expect(decidePullStatus(code, description)).toBe(step);
  });
});

describe('clampPull', () => {
  it.each([
    [500, {}, { maxBatch: 500, expiresMs: 30_000, heartbeatMs: 5_000, watchMs: 5_000 }],
    [500, { max_batch: 0, max_expires: 0 }, { maxBatch: 500, expiresMs: 30_000, heartbeatMs: 5_000, watchMs: 5_000 }],
    [500, { max_batch: 10 }, { maxBatch: 10, expiresMs: 30_000, heartbeatMs: 5_000, watchMs: 5_000 }],
    [5, { max_batch: 10 }, { maxBatch: 5, expiresMs: 30_000, heartbeatMs: 5_000, watchMs: 5_000 }],
    [5, { max_expires: 6_000e6 }, { maxBatch: 5, expiresMs: 6_000, heartbeatMs: 3_000, watchMs: 3_000 }],
    [5, { max_expires: 400e6 }, { maxBatch: 5, expiresMs: 400, heartbeatMs: 200, watchMs: 250 }],
    [5, { max_expires: 1e6 }, { maxBatch: 5, expiresMs: 1, heartbeatMs: 0, watchMs: 250 }],
    [5, { max_expires: 100e3 }, { maxBatch: 5, expiresMs: 0.1, heartbeatMs: 0, watchMs: 250 }],
    [5, { max_expires: 60_000e6 }, { maxBatch: 5, expiresMs: 30_000, heartbeatMs: 5_000, watchMs: 5_000 }],
  ])('%i under %j', (maxMessages, operator, expected) => {
    expect(clampPull({ maxMessages }, operator)).toEqual(expected);
  });
});

describe('describeDelay', () => {
  it.each([
    [{}, 0, 512, undefined],
    [{}, 511, 512, undefined],
    [{}, 512, 512, /^512 requests wait on it/],
    [{ max_expires: 1e6 }, 0, 512, /^max_expires of 1 ms/],
    [{ max_expires: 400e6 }, 0, 512, undefined],
  ])('under %j, with %i of %i waiting', (operator, waiting, most, expected) => {
    const said = describeDelay(clampPull({ maxMessages: 10 }, operator), {
      num_waiting: waiting,
      config: { max_waiting: most },
    });
    if (expected === undefined) expect(said).toBeUndefined();
    else expect(said).toMatch(expected);
  });
});

describe('PullRequests', () => {
  it('counts messages against the oldest', () => {
    const requests = new PullRequests();
    requests.add('1', 2, 100);
    requests.add('2', 3, 200);
    expect([requests.outstanding, requests.size]).toEqual([5, 2]);
    requests.countMessage();
    requests.countMessage();
    expect([requests.outstanding, requests.size]).toEqual([3, 1]);
    requests.countMessage();
    requests.end('2');
    expect([requests.outstanding, requests.size]).toEqual([0, 0]);
    requests.countMessage();
    expect(requests.outstanding).toBe(0);
  });

  it('drops those that are long over', () => {
    const requests = new PullRequests();
    requests.add('1', 2, 100);
    requests.add('2', 3, 200);
    requests.dropOverdue(150, 50);
    expect(requests.outstanding).toBe(5);
    requests.dropOverdue(151, 50);
    expect(requests.outstanding).toBe(3);
  });
});
