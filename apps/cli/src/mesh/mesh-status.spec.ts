import { STREAM_NAMES } from '@crm-mesh/jetstream';
import { expect, it } from 'vitest';
import type { HostStatus, PublisherStatus } from './control.js';
import { findProblems } from './mesh-status.js';

const streams = STREAM_NAMES.map((name) => ({
  name,
  incarnation: '',
  firstSequence: 0,
  lastSequence: 0,
  messages: 0,
  bytes: 0,
  subjectCount: 0,
}));
const publisher = { consumers: [{ name: 'normaliser', breaker: 'closed' }] } as unknown as PublisherStatus;
const buildHost = (plugins: object[]): HostStatus => ({ plugins }) as unknown as HostStatus;
const deadLetters = { total: 0, byConsumer: {} };

it.each([
  [
    {
      publisher,
      host: buildHost([
        { name: 'a', state: 'running' },
        { name: 'b', state: 'paused' },
      ]),
    },
    [],
  ],
  [{ publisher: null, host: null }, ['the publisher does not answer', 'the host does not answer']],
  [
    { publisher, host: buildHost([{ name: 'a', state: 'refused', reason: 'no name' }]) },
    ['plugin a is refused: no name'],
  ],
  [
    { publisher, host: buildHost([{ name: 'a', state: 'running', reason: 'no handle()' }]) },
    ['plugin a is refused as it is now, and its former version is running: no handle()'],
  ],
  [
    { publisher, host: buildHost([{ name: 'a', state: 'restarting', reason: 'its worker ended' }]) },
    ['plugin a is started again: its worker ended'],
  ],
  [
    { publisher, host: buildHost([{ name: 'a', state: 'running', consumer: { name: 'a', breaker: 'open' } }]) },
    ['a waits for what it depends on (open breaker)'],
  ],
])('%j', (apps, problems) => expect(findProblems({ streams, deadLetters, ...apps })).toEqual(problems));

it('names missing streams', () => {
  const found = findProblems({ streams: streams.slice(1), deadLetters, publisher, host: buildHost([]) });
  expect(found).toEqual([`streams are missing: ${STREAM_NAMES[0]}`]);
});
