import { describe, expect, it, vi } from 'vitest';
import { MeshError } from '@crm-mesh/contract';
import type { Nats } from '@crm-mesh/jetstream';
import type { ReplayEntry } from './audit.js';
import type { Consumer } from './consumer.js';
import { overriding } from './faulty-parts.fixture.js';
import type { RunOutcome } from './outcome.js';
import { readCopyMark } from './redriven-copy.js';
import { DEFAULT_POLICY } from './policy.js';
import { Replays, type ReplayProgress, type ReplayRequest } from './replay.js';
import { createScene, done, failed, nats, store, useServer } from './scene.fixture.js';

useServer();

const by = 'ann';
const NOTHING = { sent: 0, skipped: 0 };

const replaysOf = ({ name }: Consumer, through = nats): Replays =>
  new Replays({ name, filterSubject: `crm.${name}.>`, policy: DEFAULT_POLICY }, { nats: through, store });

async function begin(consumer: Consumer, request: Partial<ReplayRequest> = {}): Promise<ReplayEntry> {
  await consumer.makeDirect();
  return replaysOf(consumer).begin({ consumer: consumer.name, by, from: { sequence: 1 }, ...request });
}

async function goOn(consumer: Consumer, run: string, limit = 1_000, through = nats): Promise<ReplayProgress> {
  return replaysOf(consumer, through).goOn({ consumer: consumer.name, run, limit, soFar: NOTHING });
}

async function replay(consumer: Consumer, request: Partial<ReplayRequest> = {}) {
  const { run } = await begin(consumer, request);
  const { sent, skipped, isOver } = await goOn(consumer, run);
  expect(isOver).toBe(true);
  return { sent, skipped };
}

async function readAudit(name: string): Promise<ReplayEntry[]> {
  const entries: ReplayEntry[] = [];
  const range = { fromSequence: 1, filterSubject: `audit.replay.${name}` };
  for await (const { data } of nats.readStream('CRM_AUDIT', range))
    entries.push(JSON.parse(Buffer.from(data).toString()) as ReplayEntry);
  return entries;
}

async function readCopies(name: string): Promise<number[]> {
  const sequences: number[] = [];
  for await (const message of nats.readStream('CRM_DIRECT', { fromSequence: 1, filterSubject: `direct.${name}.>` }))
    sequences.push(readCopyMark(message)!.sequence);
  return sequences;
}

/** A consumer to whom these events were told, once. */
async function told(ids: readonly string[], { policy = {}, handler = (): RunOutcome => done } = {}) {
  const scene = createScene(policy);
  const consumer = await scene.start(handler);
  const first = (await nats.streamState('CRM_EVENTS')).lastSequence + 1;
  await scene.publish(...ids);
  await scene.settled();
  await vi.waitFor(() => expect(scene.runs.length).toBeGreaterThanOrEqual(ids.length));
  scene.runs.length = 0;
  const directSettled = () =>
    vi.waitFor(async () =>
      expect(await nats.durableState('CRM_DIRECT', scene.name)).toMatchObject({ pending: 0, ackPending: 0 }),
    );
  return { ...scene, consumer, first, directSettled };
}

/** As if it was too long ago for the inbox. */
const forget = () => store.write((tx) => tx.run('DELETE FROM delivery_inbox'));

describe('a replay', () => {
  it('skips what the inbox knows, and counts it', async () => {
    const scene = await told(['a:1', 'a:2', 'b:1']);
    expect(await replay(scene.consumer)).toEqual({ sent: 0, skipped: 3 });
    expect(scene.ids()).toEqual([]);
  });

  it('runs again in the order of the stream what somebody asked for, old versions included', async () => {
    const scene = await told(['a:1', 'b:1', 'a:2', 'a:3']);
    expect(await replay(scene.consumer, { again: true })).toEqual({ sent: 4, skipped: 0 });
    await scene.directSettled();
    expect(scene.ids().filter((id) => id.startsWith('a'))).toEqual(['a:1', 'a:2', 'a:3']);
    expect(scene.ids()).toContain('b:1');
    expect(scene.results()).not.toContain('superseded');
  });

  it('runs what the inbox does not know any more, once', async () => {
    const scene = await told(['a:1', 'a:2']);
    await forget();
    expect(await replay(scene.consumer)).toEqual({ sent: 2, skipped: 0 });
    await scene.directSettled();
    expect(scene.ids()).toEqual(['a:1', 'a:2']);
    expect(await replay(scene.consumer)).toEqual({ sent: 0, skipped: 2 });
  });

  it('does not run in its turn what was done meanwhile', async () => {
    const scene = createScene();
    let finish = (): void => undefined;
    const consumer = await scene.start(async () => {
      await new Promise<void>((resolve) => (finish = resolve));
      return done;
    });
    const sequence = (await nats.streamState('CRM_EVENTS')).lastSequence + 1;
    await scene.publish('a:1');
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1']));
    expect(await replay(consumer, { from: { sequence } })).toEqual({ sent: 1, skipped: 0 });
    await vi.waitFor(() => expect(consumer.status().held).toBe(2));
    finish();
    await vi.waitFor(() => expect(scene.results()).toEqual(expect.arrayContaining(['acked', 'skipped'])));
    expect(scene.ids()).toEqual(['a:1']);
  });

  it('is of a part of the stream, of some records, of some types', async () => {
    const scene = await told(['a:1', 'b:1', 'a:2', 'a:3', 'b:2']);
    const { first, name } = scene;
    const from = { sequence: first };
    const again = true;
    const part = { from: { sequence: first + 1 }, to: { sequence: first + 3 }, again };
    expect(await replay(scene.consumer, part)).toEqual({ sent: 3, skipped: 0 });
    const record = { from, filterSubject: `crm.${name}.*.*.*.a`, again };
    expect(await replay(scene.consumer, record)).toEqual({ sent: 3, skipped: 0 });
    expect(await replay(scene.consumer, { from, events: ['deal.won'], again })).toEqual({ sent: 0, skipped: 0 });
    await scene.directSettled();
    expect(scene.ids().toSorted()).toEqual(['a:1', 'a:2', 'a:2', 'a:3', 'a:3', 'b:1']);
  });

  it('begins and ends at a time', async () => {
    const scene = await told(['a:1']);
    const between = (await nats.getMessage('CRM_EVENTS', scene.first))!.storedAtMs + 1;
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(between));
    await scene.publish('a:2');
    await scene.settled();
    scene.runs.length = 0;
    const time = new Date(between).toISOString();
    expect(await replay(scene.consumer, { from: { time }, again: true })).toEqual({ sent: 1, skipped: 0 });
    await scene.directSettled();
    expect(scene.ids()).toEqual(['a:2']);
    const before = { from: { sequence: scene.first }, to: { time }, again: true };
    expect(await replay(scene.consumer, before)).toEqual({ sent: 1, skipped: 0 });
  });

  it('sends nothing that is on its way anyway', async () => {
    const scene = createScene({ maxAckPending: 1 });
    const consumer = await scene.start(
      (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(done))),
    );
    const first = (await nats.streamState('CRM_EVENTS')).lastSequence + 1;
    await scene.publish('a:1', 'b:1', 'c:1');
    await vi.waitFor(async () =>
      expect(await nats.durableState('CRM_EVENTS', scene.name)).toMatchObject({ deliveredSequence: first }),
    );
    expect(await replay(consumer, { from: { sequence: first }, again: true })).toMatchObject({ sent: 1 });
  });

  it('stands in CRM_AUDIT: who, what, when, and how it ended', async () => {
    const scene = await told(['a:1']);
    await replay(scene.consumer, { again: true, events: ['deal.*'] });
    const asked = { by, did: 'replay', consumer: scene.name, from: 1, events: ['deal.*'], again: true };
    expect(await readAudit(scene.name)).toMatchObject([
      { ...asked, phase: 'begun', at: expect.any(String) },
      { ...asked, phase: 'over', sent: 1, skipped: 0 },
    ]);
  });

  it('that is killed between any two copies goes on behind the last one, in another process, however late', async () => {
    const ids = ['a:1', 'b:1', 'a:2', 'a:3'];
    const scene = await told(ids);
    const { run } = await begin(scene.consumer, { from: { sequence: scene.first }, again: true });
    await goOn(scene.consumer, run, 1);
    await scene.consumer.stop();
    // The server remembers ids for two minutes: later it takes the same message for another one.
    const publish: Nats['publish'] = (message) => nats.publish({ ...message, messageId: `${message.messageId}:later` });
    const next = await scene.start(() => done);
    while (!(await goOn(next, run, 1, overriding(nats, { publish }))).isOver);
    await scene.directSettled();
    expect(await readCopies(scene.name)).toEqual([0, 1, 2, 3].map((offset) => scene.first + offset));
    expect(scene.ids().filter((id) => id.startsWith('a'))).toEqual(['a:1', 'a:2', 'a:3']);
  });

  it('goes on only where it is known', async () => {
    const scene = await told(['a:1']);
    const error = await goOn(scene.consumer, 'nobody').catch((reason: unknown) => reason);
    expect((error as MeshError).code).toBe('MESH_REPLAY_UNKNOWN');
  });

  it('that fails for good leaves a letter of the event as it was told first', async () => {
    let isBroken = false;
    const scene = await told(['a:1'], {
      policy: { maxAttempts: 1 },
      handler: () => (isBroken ? failed : done),
    });
    isBroken = true;
    await replay(scene.consumer, { from: { sequence: scene.first }, again: true });
    await vi.waitFor(async () => expect(await scene.deadLetters()).toHaveLength(1));
    const [buried] = await scene.deadLetters();
    expect(buried!.letter).toMatchObject({ original: { stream: 'CRM_EVENTS', sequence: scene.first }, copy: { by } });
  });
});

describe('what a handler gives back', () => {
  const receiptsOf = () =>
    store.read<{ sequence: number; receipt: string }>('SELECT sequence, receipt FROM delivery_receipts');

  it.each([{}, { idempotency: 'none' as const }])('is kept with the event, whatever else is: %o', async (policy) => {
    const scene = await told(['a:1'], { policy, handler: () => ({ kind: 'done', receipt: { n: 7 } }) });
    expect(await receiptsOf()).toEqual([{ sequence: scene.first, receipt: '{"n":7}' }]);
  });

  it('is kept of an event that waited in the store, and of a replayed one in place of the former', async () => {
    let n = 0;
    const scene = await told(['a:1'], {
      policy: { parkAfterMs: 1 },
      handler: () => (++n === 1 ? failed : { kind: 'done', receipt: n }),
    });
    await vi.waitFor(async () => expect(await receiptsOf()).toEqual([{ sequence: scene.first, receipt: '2' }]));
    await replay(scene.consumer, { from: { sequence: scene.first }, again: true });
    await vi.waitFor(async () => expect(await receiptsOf()).toEqual([{ sequence: scene.first, receipt: '3' }]));
  });

  it('counts as skipped where its effect was there already', async () => {
    const scene = await told(['a:1'], { handler: () => ({ kind: 'done', skipped: true }) });
    expect(scene.results()).toEqual(['skipped']);
  });
});
