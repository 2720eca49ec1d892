import type { HandlerInput, HandlerRun } from '@crm-mesh/delivery';
import type { RunOutcome } from '@crm-mesh/delivery/outcome';
import { expect, it } from 'vitest';
import { isSkipped, passOver } from './skip-origins.js';

const inputOf = (...origins: string[]): HandlerInput => ({
  consumer: 'probe',
  attempt: 1,
  items: origins.map((origin, sequence) => ({
    ...{ stream: 'CRM_EVENTS', subject: 'crm.a.b.deal.won.7', sequence, storedAtMs: 0 },
    data: Buffer.from(origin === 'torn' ? '{' : JSON.stringify({ origin })),
  })),
});
const error = { name: 'Error', message: 'x' };
const failed = (index: number) => ({ index, outcome: { kind: 'failed' as const, error } });

it.each<[name: string, origins: string[], came: RunOutcome, ran: number[], expected: RunOutcome]>([
  ['what is wanted runs', ['webhook'], { kind: 'done', receipt: 1 }, [0], { kind: 'done', receipt: 1 }],
  ['what is not wanted does not', ['backfill'], { kind: 'done' }, [], { kind: 'done', skipped: true }],
  [
    'what cannot be read runs, and is buried',
    ['torn'],
    { kind: 'permanent', error },
    [0],
    { kind: 'permanent', error },
  ],
  ['a whole batch', ['backfill', 'poll'], { kind: 'done' }, [], { kind: 'done', skipped: true }],
  [
    'a part of a batch',
    ['backfill', 'webhook', 'poll', 'webhook'],
    { kind: 'done' },
    [1, 3],
    { kind: 'partly', failed: [], skipped: [0, 2] },
  ],
  [
    'and what failed of the rest keeps its place',
    ['webhook', 'backfill', 'webhook', 'webhook'],
    { kind: 'partly', failed: [failed(1)], skipped: [2] },
    [0, 2, 3],
    { kind: 'partly', failed: [failed(2)], skipped: [1, 3] },
  ],
  ['a failure of the whole is one', ['backfill', 'webhook'], { kind: 'failed', error }, [1], { kind: 'failed', error }],
])('%s', async (_name, origins, came, ran, expected) => {
  const seen: number[] = [];
  const run = passOver(
    ({ items }) => {
      seen.push(...items.map(({ sequence }) => sequence));
      return Promise.resolve(came);
    },
    (data) => isSkipped(['backfill', 'poll'], data),
  );
  expect(await run(inputOf(...origins), {} as HandlerRun)).toEqual(expected);
  expect(seen).toEqual(ran);
});
