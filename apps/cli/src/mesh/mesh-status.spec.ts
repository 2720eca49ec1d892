import type { HostStatus, PublisherStatus } from '@crm-mesh/control';
import { STREAM_NAMES } from '@crm-mesh/jetstream';
import { expect, it } from 'vitest';
import { findProblems } from './mesh-status.js';

const streams = STREAM_NAMES.map((name) => ({
  name,
  incarnation: '',
  firstSequence: 0,
  lastSequence: 0,
  messages: 0,
  bytes: 0,
  subjectCount: 0,
  maxMessages: 0,
  maxBytes: 0,
}));
const publisher = { consumers: [{ name: 'normaliser', breaker: 'closed' }] } as unknown as PublisherStatus;
const consumer = { name: 'a', breaker: 'closed', missed: 0 };
const buildHost = (plugins: object[], host = 'a:1'): HostStatus => ({ host, plugins }) as unknown as HostStatus;

it.each([
  [
    {
      publisher,
      hosts: [
        buildHost([
          { name: 'a', state: 'running' },
          { name: 'b', state: 'paused' },
        ]),
      ],
    },
    [],
  ],
  [{ publisher: null, hosts: [] }, ['the publisher does not answer', 'the host does not answer']],
  [
    { publisher, hosts: [buildHost([{ name: 'a', state: 'refused', reason: 'no name' }])] },
    ['plugin a is refused: no name'],
  ],
  [
    { publisher, hosts: [buildHost([{ name: 'a', state: 'running', reason: 'no handle()' }])] },
    ['plugin a is refused as it is now, and its former version is running: no handle()'],
  ],
  [
    { publisher, hosts: [buildHost([{ name: 'a', state: 'restarting', reason: 'its worker ended' }])] },
    ['plugin a is started again: its worker ended'],
  ],
  [
    { publisher, hosts: [buildHost([{ name: 'a', state: 'running', consumer: { name: 'a', breaker: 'open' } }])] },
    ['a waits for what it depends on (open breaker)'],
  ],
  [
    {
      publisher,
      hosts: [
        buildHost([{ name: 'a', state: 'standby', shares: [{ name: 'a', holder: 'b:2' }], waitsFor: 'a reason' }]),
        buildHost([{ name: 'a', state: 'running', shares: [{ name: 'a', holder: 'b:2', consumer }] }], 'b:2'),
      ],
    },
    ['a:1: plugin a waits: a reason'],
  ],
  [
    { publisher, hosts: [buildHost([{ name: 'a', state: 'standby', shares: [{ name: 'a_p1of2', holder: 'b:2' }] }])] },
    ['a_p1of2 is held by b:2, which does not answer or is just taking it over'],
  ],
  [
    { publisher, hosts: [buildHost([{ name: 'a', state: 'standby', shares: [{ name: 'a' }] }])] },
    ['no host runs a at the moment'],
  ],
])('%j', (apps, problems) => expect(findProblems({ streams, ...apps })).toEqual(problems));

it('names missing streams', () => {
  const found = findProblems({ streams: streams.slice(1), publisher, hosts: [buildHost([])] });
  expect(found).toEqual([`streams are missing: ${STREAM_NAMES[0]}`]);
});
