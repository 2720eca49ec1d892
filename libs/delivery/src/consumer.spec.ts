import { describe, expect, it, vi } from 'vitest';
import { connectNats } from '@crm-mesh/jetstream';
import { DEFAULT_POLICY } from './policy.js';
import { abandon, createScene, done, error, failed, nats, server, store, useServer } from './scene.fixture.js';

useServer();

describe('a consumer', () => {
  it('runs every event, those of one record in order, and settles all', async () => {
    const scene = createScene();
    await scene.publish('a:1', 'b:1', 'a:2', 'c:1', 'b:2', 'a:3');
    await scene.start(() => done);
    await scene.publish('a:4');
    await scene.settled();
    for (const record of ['a', 'b', 'c']) {
      const own = scene.ids().filter((id) => id.startsWith(record));
      expect(own).toEqual(own.toSorted());
    }
    expect(scene.ids().length).toBe(7);
    expect(new Set(scene.results())).toEqual(new Set(['acked']));
  });

  it('keeps a record in order while its first event is being retried, and lets the others go on', async () => {
    const scene = createScene();
    await scene.start(({ ids: [id], attempt }) => (id === 'a:1' && attempt < 4 ? failed : done));
    await scene.publish('a:1', 'a:2', 'b:1');
    await scene.settled();
    expect(scene.ids().filter((id) => id.startsWith('a'))).toEqual(['a:1', 'a:1', 'a:1', 'a:1', 'a:2']);
    expect(scene.ids().indexOf('b:1')).toBeLessThan(scene.ids().lastIndexOf('a:1'));
    expect(scene.runs.filter(({ ids }) => ids[0] === 'a:1').map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(await store.read('SELECT * FROM delivery_failures')).toEqual([]);
  });

  it('buries what fails for good, with every attempt, and goes on', async () => {
    const scene = createScene({ maxAttempts: 3 });
    await scene.start(({ ids: [id] }) => (id === 'a:1' ? failed : done));
    await scene.publish('a:1', 'a:2');
    await scene.settled();
    const [dead, ...more] = await scene.deadLetters();
    expect(more).toEqual([]);
    expect(dead!.letter).toMatchObject({
      consumer: scene.name,
      version: 'v1',
      error,
      attemptCount: 3,
      original: { stream: 'CRM_EVENTS', subject: `crm.${scene.name}.hubspot.deal.updated.a`, payloadText: 'a:1' },
    });
    expect(dead!.letter.attempts.length).toBe(3);
    expect(scene.ids()).toEqual(['a:1', 'a:1', 'a:1', 'a:2']);
  });

  it('redrives a dead letter to that consumer alone, in its lane, and leaves a trace', async () => {
    const scene = createScene({ maxAttempts: 1 });
    const other = createScene();
    let mended = false;
    const consumer = await scene.start(() => (mended ? done : { kind: 'permanent', error }));
    await other.start(() => done, { spec: { filterSubject: `crm.${scene.name}.>` } });
    await scene.publish('a:1');
    await scene.settled();
    const [dead] = await scene.deadLetters();
    mended = true;
    expect(await consumer.redrive({ sequences: [dead!.sequence, 999_999], by: 'ann' })).toEqual({
      redriven: [dead!.sequence],
      missing: [999_999],
    });
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:1']));
    await vi.waitFor(() => expect(scene.results()).toEqual(['buried', 'acked']));
    expect(other.ids()).toEqual(['a:1']);
    expect(await scene.deadLetters()).toEqual([]);
    const trail = await nats.getLastMessage('CRM_AUDIT', `audit.redrive.${scene.name}.>`);
    expect(JSON.parse(Buffer.from(trail!.data).toString())).toMatchObject({ by: 'ann', did: 'redrive' });
  });

  it('picks up at the next start what was redriven while it was away', async () => {
    const scene = createScene({ maxAttempts: 1 });
    const consumer = await scene.start(() => ({ kind: 'permanent', error }));
    await scene.publish('a:1');
    await scene.settled();
    await consumer.stop();
    const [dead] = await scene.deadLetters();
    await consumer.redrive({ sequences: [dead!.sequence], by: 'ann' });
    await scene.start(() => done);
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1', 'a:1']));
  });

  it('never spends an attempt on a downstream that is away, opens its breaker, and comes back in order', async () => {
    const scene = createScene({ maxAttempts: 2 });
    let away = true;
    const consumer = await scene.start(() => (away ? { kind: 'unavailable', error } : done));
    await scene.publish('a:1', 'b:1', 'a:2', 'c:1', 'd:1', 'e:1', 'f:1');
    await vi.waitFor(() => expect(consumer.status().breaker).toBe('open'));
    const tried = scene.runs.length;
    await scene.publish('g:1');
    // It is not pulled, so the lag shows.
    await vi.waitFor(async () => {
      const { pending } = (await nats.durableState('CRM_EVENTS', scene.name))!;
      expect(pending).toBeGreaterThanOrEqual(1);
      expect(pending + consumer.status().held).toBe(8);
    });
    expect(scene.runs.length).toBe(tried);
    away = false;
    await scene.settled();
    expect(consumer.status()).toMatchObject({ breaker: 'closed', buried: 0, acked: 8 });
    expect(scene.runs.every(({ attempt }) => attempt === 1)).toBe(true);
    const ofA = scene.ids().filter((id) => id.startsWith('a'));
    expect(ofA).toEqual(ofA.toSorted());
  });

  it('gathers what comes for a record, and runs it together', async () => {
    const scene = createScene();
    await scene.start(() => done, { spec: { coalesceMsOf: () => 150 } });
    await scene.publish('a:1', 'b:1', 'a:2', 'a:3');
    await scene.settled();
    expect(scene.runs.map(({ ids }) => ids).toSorted()).toEqual([['a:1', 'a:2', 'a:3'], ['b:1']]);
  });

  it('works on longer than ack_wait without getting the event again', async () => {
    const scene = createScene({ ackWaitMs: 300 });
    await scene.start(async () => {
      await new Promise((resolve) => setTimeout(resolve, 1_200));
      return done;
    });
    await scene.publish('a:1', 'a:2');
    await scene.settled();
    expect(scene.ids()).toEqual(['a:1', 'a:2']);
    expect((await nats.durableState('CRM_EVENTS', scene.name))!.redelivered).toBe(0);
  });

  it('acks what the covering filter let through by its generality, without running it', async () => {
    const scene = createScene();
    await scene.start(() => done, { spec: { accepts: (subject) => subject.endsWith('.a') } });
    await scene.publish('a:1', 'b:1');
    await scene.settled();
    expect(scene.ids()).toEqual(['a:1']);
    expect(scene.results().toSorted()).toEqual(['acked', 'sifted']);
  });

  it('runs without order, side by side, where none is asked for', async () => {
    const scene = createScene({ order: 'none', idempotency: 'none', concurrency: 3 });
    const waiting: (() => void)[] = [];
    await scene.start(
      () =>
        new Promise((resolve) => {
          waiting.push(() => resolve(done));
        }),
    );
    await scene.publish('a:1', 'a:2', 'a:3', 'a:4');
    await vi.waitFor(() => expect(waiting.length).toBe(3));
    for (const go of waiting) go();
    await vi.waitFor(() => expect(waiting.length).toBe(4));
    waiting[3]!();
    await scene.settled();
  });
});

describe('a long wait', () => {
  it('parks the lane in the store: nothing held, later events join it, order kept', async () => {
    const scene = createScene({ parkAfterMs: 100 });
    let mended = false;
    const consumer = await scene.start(({ ids: [id] }) =>
      id === 'a:1' && !mended ? { kind: 'retry-later', delayMs: 400, error } : done,
    );
    await scene.publish('a:1', 'a:2', 'b:1');
    await scene.settled();
    expect(consumer.status()).toMatchObject({ held: 0, parkedLanes: 1, parkedMessages: 2 });
    await scene.publish('a:3');
    await scene.settled();
    mended = true;
    await vi.waitFor(() => expect(scene.ids().filter((id) => id !== 'b:1')).toEqual(['a:1', 'a:1', 'a:2', 'a:3']));
    await vi.waitFor(() => expect(consumer.status()).toMatchObject({ parkedLanes: 0, parkedMessages: 0 }));
    await scene.publish('a:4');
    await scene.settled();
    expect(scene.ids().at(-1)).toBe('a:4');
    for (const table of ['parked', 'parked_lanes', 'failures']) {
      expect(await store.read(`SELECT * FROM delivery_${table}`)).toEqual([]);
    }
  });

  it('outlives the process, with its attempts', async () => {
    const scene = createScene({ parkAfterMs: 10, maxAttempts: 3 });
    const first = await scene.start(() => ({ kind: 'retry-later', delayMs: 600, error }));
    await scene.publish('a:1');
    await scene.settled();
    await first.stop();
    const second = await scene.start(({ attempt }) =>
      attempt < 3 ? { kind: 'retry-later', delayMs: 50, error } : done,
    );
    expect(second.status()).toMatchObject({ parkedLanes: 1, parkedMessages: 1 });
    await vi.waitFor(() => expect(second.status().parkedLanes).toBe(0));
    expect(scene.runs.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  });

  it('buries from the store what keeps failing, and what its stream has lost', async () => {
    const scene = createScene({ parkAfterMs: 10, maxAttempts: 2 });
    const consumer = await scene.start(() => ({ kind: 'retry-later', delayMs: 150, error }));
    await scene.publish('a:1', 'b:1');
    await scene.settled();
    const last = (await nats.streamState('CRM_EVENTS')).lastSequence;
    await nats.deleteMessage('CRM_EVENTS', last);
    await vi.waitFor(() => expect(consumer.status()).toMatchObject({ parkedLanes: 0, buried: 2 }));
    const letters = (await scene.deadLetters()).map(({ letter }) => [
      letter.original.subject.at(-1),
      letter.error.name,
    ]);
    expect(letters.toSorted()).toEqual([
      ['a', 'Error'],
      ['b', 'MessageGone'],
    ]);
  });

  it('parks a crowded lane even for a short one, so that the others can flow', async () => {
    const scene = createScene({ maxAckPending: 40 });
    let mended = false;
    const consumer = await scene.start(({ ids: [id] }) => (id!.startsWith('a') && !mended ? failed : done), {
      spec: {
        policy: {
          ...DEFAULT_POLICY,
          startFrom: 'all',
          maxAckPending: 40,
          backoff: { initialMs: 500, maxMs: 500, factor: 1 },
        },
      },
    });
    const many = Array.from({ length: 100 }, (_, i) => `a:${String(i).padStart(3, '0')}`);
    await scene.publish(...many, 'b:1');
    await vi.waitFor(() => expect(scene.ids()).toContain('b:1'));
    mended = true;
    await vi.waitFor(() => expect(consumer.status().parkedLanes).toBe(0), { timeout: 10_000 });
    await scene.settled();
    const ran = [...new Set(scene.ids().filter((id) => id.startsWith('a')))];
    expect(ran).toEqual(many);
  });
});

describe('an end and a new start', () => {
  it('lets running handlers end, gives the rest back, and loses and doubles nothing', async () => {
    const scene = createScene({ concurrency: 2 });
    const release: (() => void)[] = [];
    const first = await scene.start(() => new Promise((resolve) => release.push(() => resolve(done))));
    await scene.publish('a:1', 'b:1', 'a:2', 'c:1');
    await vi.waitFor(() => expect(release.length).toBe(2));
    const stopping = first.stop();
    for (const go of release) go();
    await stopping;
    expect(first.status().state).toBe('stopped');
    expect(scene.results().toSorted()).toEqual(['acked', 'acked', 'returned', 'returned']);
    await scene.start(() => done);
    await scene.settled();
    expect(scene.ids().toSorted()).toEqual(['a:1', 'a:2', 'b:1', 'c:1']);
  });

  it('stops even while it is only just starting', async () => {
    const scene = createScene();
    for (let i = 0; i < 5; i++) {
      const consumer = await scene.start(() => done);
      await consumer.stop();
      expect(consumer.status().state).toBe('stopped');
    }
  });

  it('aborts a handler that outlasts the grace, which runs again at the next start', async () => {
    const scene = createScene();
    const first = await scene.start(
      (_input, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'interrupted' }))),
    );
    await scene.publish('a:1');
    await vi.waitFor(() => expect(scene.runs.length).toBe(1));
    await first.stop({ graceMs: 50 });
    await scene.start(() => done);
    await scene.settled();
    expect(scene.runs.map(({ attempt }) => attempt)).toEqual([1, 1]);
  });

  it('skips what the inbox has, when an ack was lost', async () => {
    const scene = createScene();
    const first = await scene.start(() => done);
    await scene.publish('a:1', 'a:2');
    await scene.settled();
    await first.stop();
    // As if the acks had never arrived: the durable begins anew.
    await nats.deleteDurable('CRM_EVENTS', scene.name);
    await scene.publish('a:3');
    await scene.start(() => done);
    await scene.settled();
    expect(scene.ids()).toEqual(['a:1', 'a:2', 'a:3']);
    expect(scene.results()).toEqual(['acked', 'acked', 'skipped', 'skipped', 'acked']);
  });

  it('waits, after an end without goodbye, until all that was pending has come back', async () => {
    const scene = createScene({ ackWaitMs: 2_000 });
    const doomed = await connectNats({ name: 'doomed', url: server.url });
    const crashed = await scene.start(() => new Promise(() => undefined), { nats: doomed });
    await scene.publish('a:1', 'a:2', 'b:1');
    await vi.waitFor(() => expect(crashed.status().held).toBe(3));
    await doomed.close();
    const next = await scene.start(() => done);
    await scene.publish('a:3');
    expect(next.status().state).toBe('waiting-for-pending');
    await scene.settled();
    expect(
      scene
        .ids()
        .filter((id) => id.startsWith('a'))
        .slice(1),
    ).toEqual(['a:1', 'a:2', 'a:3']);
    expect(next.status().state).toBe('running');
    abandon(crashed);
  });

  it('goes on after the server was killed and came back', async () => {
    const scene = createScene();
    const consumer = await scene.start(() => done);
    await scene.publish('a:1');
    await scene.settled();
    await server.kill();
    await server.restart();
    await vi.waitFor(() => expect(nats.connected).toBe(true), { timeout: 10_000 });
    await scene.publish('a:2', 'a:3');
    await scene.settled();
    expect(scene.ids()).toEqual(['a:1', 'a:2', 'a:3']);
    expect(consumer.status().acked).toBe(3);
  });
});
