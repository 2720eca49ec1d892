import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';

const SCRIPT = join(import.meta.dirname, '../../scripts/bench.mjs');
const run = (...args: string[]) => execa(process.execPath, [SCRIPT, ...args], { reject: false, stdin: 'ignore' });

it('measures a case and tells it in one JSON line', { timeout: 300_000 }, async () => {
  const { stdout, stderr, exitCode } = await run('--only', 'publish', '--rounds', '1', '--events', '300', '--json');
  expect([exitCode, exitCode === 0 ? '' : stderr]).toEqual([0, '']);
  expect(stdout.trim().split('\n')).toHaveLength(1);
  expect(JSON.parse(stdout)).toEqual({
    case: 'publish',
    reference: 'stock js.publish',
    ratio: expect.any(Number) as number,
    target: 2.5,
    holds: expect.any(Boolean) as boolean,
    rounds: 1,
    noise: expect.any(Number) as number,
    value: expect.any(Number) as number,
    unit: 'events/s',
  });
  expect(stderr).toContain('publish 1/1');
});

it('lists the cases when it does not know one', { timeout: 300_000 }, async () => {
  const { stderr, exitCode } = await run('--only', 'publsh');
  expect(exitCode).toBe(2);
  expect(stderr).toBe(
    'No case is called publsh; there are: publish, publish-go, webhook, webhook-stock, webhook-bullmq, ' +
      'webhook-hubspot, webhook-pipedrive, normalise, normalise-postgres, keep-digests, keep-digests-postgres, poll, handle, handle-40, handle-worker, handle-inbox-sqlite, handle-inbox-postgres, handle-ack-all, handle-bullmq, ' +
      'handle-1m, latency, engine-latency, parked-lane, memory, idle-plugins, idle-plugins-worker, idle-memory, ' +
      'idle-memory-worker, backfill, explain, reconcile-full, reconcile-full-postgres, reconcile-digests, reconcile-digests-postgres.',
  );
});
