import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  connectNats,
  ensureStreams,
  reportStreamDrift,
  settle,
  STREAM_NAMES,
  type DurableSpec,
  type Nats,
} from './index.js';
import { linkOf } from './nats.js';

let server: TestNats;
let nats: Nats;
beforeEach(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'streams-test', url: server.url });
});
afterEach(async () => {
  await nats?.close();
  await server?.stop();
});

const DAY_NANOS = 86_400e9;

describe('ensureStreams', () => {
  it('creates all of them once, as the design says', async () => {
    expect(await ensureStreams(nats)).toEqual([...STREAM_NAMES]);
    expect(await ensureStreams(nats)).toEqual([]);
    const { jsm } = linkOf(nats);
    const raw = (await jsm.streams.info('CRM_RAW')).config;
    expect(raw).toMatchObject({
      subjects: ['raw.>'],
      retention: 'limits',
      storage: 'file',
      discard: 'new',
      max_age: 0,
      max_bytes: -1,
      num_replicas: 1,
      duplicate_window: 120e9,
      allow_direct: true,
    });
    const events = (await jsm.streams.info('CRM_EVENTS')).config;
    expect(events).toMatchObject({ subjects: ['crm.>'], discard: 'old', max_age: 400 * DAY_NANOS });
    for (const name of STREAM_NAMES) expect((await jsm.streams.info(name)).config.description).toMatch(/\w{5}/);
    expect(await reportStreamDrift(nats)).toEqual([]);
  });

  it('lets two apps do it in the same moment', async () => {
    const others = await Promise.all([1, 2, 3].map((n) => connectNats({ name: `app${n}`, url: server.url })));
    const created = await Promise.all([nats, ...others].map((each) => ensureStreams(each)));
    expect(new Set(created.flat())).toEqual(new Set(STREAM_NAMES));
    await Promise.all(others.map((each) => each.close()));
  });

  it('lets two apps with different settings do it in the same moment', async () => {
    const other = await connectNats({ name: 'other', url: server.url });
    await Promise.all([ensureStreams(nats, { CRM_RAW: { maxBytes: 1e9 } }), ensureStreams(other)]);
    expect((await linkOf(nats).jsm.streams.info('CRM_RAW')).config.subjects).toEqual(['raw.>']);
    await other.close();
  });

  it('takes what mesh.yaml says', async () => {
    const options = { CRM_EVENTS: { maxAgeMs: 60_000, maxBytes: 5_000_000, replicas: 1 }, CRM_RAW: { maxBytes: 0 } };
    await ensureStreams(nats, options);
    const { config } = await linkOf(nats).jsm.streams.info('CRM_EVENTS');
    expect(config).toMatchObject({ max_age: 60e9, max_bytes: 5_000_000, duplicate_window: 60e9 });
    expect(await reportStreamDrift(nats, options)).toEqual([]);
  });

  it('leaves alone, and reports, what an operator changed or removed', async () => {
    await ensureStreams(nats);
    const { jsm } = linkOf(nats);
    await jsm.streams.update('CRM_RAW', { max_bytes: 1_000_000, subjects: ['raw.>', 'more.>'] });
    await jsm.streams.delete('CRM_AUDIT');
    expect(await reportStreamDrift(nats)).toEqual([
      { stream: 'CRM_RAW', field: 'subjects', expected: 'raw.>', actual: 'more.>, raw.>' },
      { stream: 'CRM_RAW', field: 'max_bytes', expected: '-1', actual: '1000000' },
      { stream: 'CRM_AUDIT', field: '(stream)', expected: 'present', actual: 'missing' },
    ]);
    expect(await ensureStreams(nats)).toEqual(['CRM_AUDIT']);
    expect((await jsm.streams.info('CRM_RAW')).config.max_bytes).toBe(1_000_000);
  });

  it('names stream and subjects when they belong to another stream', async () => {
    await linkOf(nats).jsm.streams.add({ name: 'THEIRS', subjects: ['crm.sales.>'] });
    await expect(ensureStreams(nats)).rejects.toMatchObject({
      code: 'MESH_STREAM_REFUSED',
      what: expect.stringContaining('Stream CRM_EVENTS with subjects crm.>') as string,
    });
  });

  it('keeps the advisories of the streams of the mesh, and of no others', async () => {
    await ensureStreams(nats);
    const { jsm } = linkOf(nats);
    await jsm.streams.add({ name: 'THEIRS', subjects: ['theirs.>'] });
    for (const [stream, subject] of [
      ['CRM_EVENTS', 'crm.a'],
      ['THEIRS', 'theirs.a'],
    ] as const) {
      await nats.publish({ subject, payload: '', messageId: subject });
      await nats.ensureDurable(spec(stream, 'c', { filterSubject: '>' }));
      for await (const delivery of await nats.pull(stream, 'c', { maxMessages: 1, onNotice: () => undefined })) {
        settle(delivery, 'term');
        break;
      }
    }
    await expect.poll(async () => (await nats.streamState('CRM_ADVISORIES')).messages).toBe(1);
    const kept = await nats.getMessage('CRM_ADVISORIES', 1);
    expect(kept?.subject).toBe('$JS.EVENT.ADVISORY.CONSUMER.MSG_TERMINATED.CRM_EVENTS.c');
  });
});

function spec(stream: string, name: string, overrides: Partial<DurableSpec> = {}): DurableSpec {
  return {
    stream,
    name,
    description: 'follows deals',
    filterSubject: 'crm.*.*.deal.>',
    startFrom: 'all',
    ackWaitMs: 5_000,
    maxAckPending: 500,
    metadata: { owner: 'host' },
    ...overrides,
  };
}

describe('durables', () => {
  const publish = (count: number, from = 0): Promise<unknown> =>
    Promise.all(
      Array.from({ length: count }, (_, i) =>
        nats.publish({ subject: `crm.t.c.deal.won.${from + i}`, payload: '', messageId: String(from + i) }),
      ),
    );

  beforeEach(() => ensureStreams(nats).then(() => publish(10)));

  it('are created as asked, and readable for an operator', async () => {
    const state = await nats.ensureDurable(spec('CRM_EVENTS', 'notifier'));
    expect(state).toMatchObject({
      stream: 'CRM_EVENTS',
      name: 'notifier',
      filterSubject: 'crm.*.*.deal.>',
      ackWaitMs: 5_000,
      maxDeliver: -1,
      maxAckPending: 500,
      paused: false,
      pending: 10,
      ackPending: 0,
      redelivered: 0,
      deliveredSequence: 0,
      ackFloorSequence: 0,
    });
    expect(state.metadata).toMatchObject({ owner: 'host' });
    const { config } = await linkOf(nats).jsm.consumers.info('CRM_EVENTS', 'notifier');
    expect(config).toMatchObject({ description: 'follows deals', ack_policy: 'explicit', durable_name: 'notifier' });
    expect(await nats.durableState('CRM_EVENTS', 'notifier')).toEqual(state);
  });

  it("stay as they are, an operator's changes and pause included", async () => {
    await nats.ensureDurable(spec('CRM_EVENTS', 'notifier'));
    await linkOf(nats).jsm.consumers.update('CRM_EVENTS', 'notifier', { ack_wait: 60e9, max_deliver: 7 });
    await nats.pauseDurable('CRM_EVENTS', 'notifier', new Date(Date.now() + 60_000));
    const again = await nats.ensureDurable(
      spec('CRM_EVENTS', 'notifier', { ackWaitMs: 1_000, filterSubject: 'crm.>' }),
    );
    expect(again).toMatchObject({ ackWaitMs: 60_000, maxDeliver: 7, paused: true, filterSubject: 'crm.*.*.deal.>' });
  });

  it('are made once by many in the same moment, whatever each asks for', async () => {
    const asked = [500, 600, 700, 500].map((maxAckPending) =>
      nats.ensureDurable(spec('CRM_EVENTS', 'notifier', { maxAckPending, startFrom: 'new' })),
    );
    const states = await Promise.all(asked);
    expect(new Set(states.map(({ createdAt }) => createdAt)).size).toBe(1);
  });

  it.each([
    ['all', 10],
    ['new', 0],
    [{ sequence: 8 }, 3],
    [{ sequence: 0 }, 10],
    [{ time: new Date(0).toISOString() }, 10],
    [{ time: '2026-01-31' }, 10],
    [{ time: new Date(Date.now() + 3_600_000).toISOString() }, 0],
  ] as const)('start from %j', async (startFrom, pending) => {
    expect(await nats.ensureDurable(spec('CRM_EVENTS', 'notifier', { startFrom }))).toMatchObject({ pending });
  });

  it.each([
    ['explicit', { ack: 'explicit', ackWaitMs: 5_000, maxAckPending: 500 }],
    ['all', { ack: 'all', ackWaitMs: 5_000, maxAckPending: 500 }],
    ['none', { ack: 'none', ackWaitMs: 0 }],
  ] as const)('are made with the ack policy %s, which stays', async (ack, expected) => {
    expect(await nats.ensureDurable(spec('CRM_EVENTS', 'notifier', { ack }))).toMatchObject(expected);
    expect(await nats.ensureDurable(spec('CRM_EVENTS', 'notifier'))).toMatchObject(expected);
  });

  it("keep the position of 'new' through a restart before anything was delivered", async () => {
    await nats.ensureDurable(spec('CRM_EVENTS', 'notifier', { startFrom: 'new' }));
    await publish(5, 10);
    await server.kill();
    await server.restart();
    await expect.poll(() => nats.connected, { timeout: 10_000 }).toBe(true);
    expect(await nats.durableState('CRM_EVENTS', 'notifier')).toMatchObject({ pending: 5 });
  });

  it('are listed, deleted once, and missed', async () => {
    await nats.ensureDurable(spec('CRM_EVENTS', 'one'));
    await nats.ensureDurable(spec('CRM_EVENTS', 'two'));
    await linkOf(nats).jsm.consumers.add('CRM_EVENTS', {
      name: 'passing',
      ack_policy: 'none',
      inactive_threshold: 5e9,
    });
    expect((await nats.listDurables('CRM_EVENTS')).map(({ name }) => name).toSorted()).toEqual(['one', 'two']);
    expect(await nats.deleteDurable('CRM_EVENTS', 'one')).toBe(true);
    expect(await nats.deleteDurable('CRM_EVENTS', 'one')).toBe(false);
    expect(await nats.durableState('CRM_EVENTS', 'one')).toBeUndefined();
    expect(await nats.durableState('NOPE', 'one')).toBeUndefined();
    await expect(nats.listDurables('NOPE')).rejects.toMatchObject({ code: 'MESH_STREAM_MISSING' });
    await expect(nats.ensureDurable(spec('NOPE', 'x'))).rejects.toMatchObject({ code: 'MESH_STREAM_MISSING' });
    await expect(nats.pauseDurable('CRM_EVENTS', 'one', new Date())).rejects.toMatchObject({
      code: 'MESH_DURABLE_MISSING',
    });
  });

  it('answer questions that were under way when the server was killed', async () => {
    await nats.ensureDurable(spec('CRM_EVENTS', 'notifier'));
    await server.pause();
    const asked = nats.durableState('CRM_EVENTS', 'notifier');
    await server.kill();
    await server.restart();
    expect(await asked).toMatchObject({ pending: 10 });
  });

  it('tell a new incarnation of a stream from the old one', async () => {
    const { incarnation } = await nats.streamState('CRM_EVENTS');
    expect((await nats.streamState('CRM_EVENTS')).incarnation).toBe(incarnation);
    await linkOf(nats).jsm.streams.delete('CRM_EVENTS');
    await ensureStreams(nats);
    expect((await nats.streamState('CRM_EVENTS')).incarnation).not.toBe(incarnation);
  });
});
