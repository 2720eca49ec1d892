import { describe, expect, it, vi } from 'vitest';
import { connectNats } from '@crm-mesh/jetstream';
import { lossyNats } from './faulty-parts.fixture.js';
import type { Outcome, RunOutcome } from './outcome.js';
import type { DeliveryPolicy } from './policy.js';
import { abandon, createScene, done, error, failed, nats, server, useServer } from './scene.fixture.js';

useServer();

const batches: Partial<DeliveryPolicy> = { ack: 'all', concurrency: 1, batch: { size: 10, waitMs: 100 } };
const ids = (count: number, records: number, from = 1): string[] =>
  Array.from({ length: count }, (_, i) => `r${(from + i) % records}:${String(from + i).padStart(4, '0')}`);
const versionsOf = (record: string, all: readonly string[]) => all.filter((id) => id.startsWith(`${record}:`));

type Failure = Exclude<Outcome, { kind: 'done' }>;

/** Names the items that `isBad`. */
function fail(
  names: readonly string[],
  isBad: (id: string) => boolean,
  outcome: Failure = { kind: 'failed', error },
): RunOutcome {
  const bad = names.flatMap((id, index) => (isBad(id) ? [{ index, outcome }] : []));
  return bad.length === 0 ? done : { kind: 'partly', failed: bad };
}

describe('a batch', () => {
  it('is as large as allowed, one at a time, a record oldest first, and one ack settles it', async () => {
    const scene = createScene({ ...batches, batch: { size: 10, waitMs: 60_000 } });
    await scene.publish(...ids(40, 7));
    let running = 0;
    let most = 0;
    await scene.start(async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
      return done;
    });
    await scene.settled();
    expect(await nats.durableState('CRM_EVENTS', scene.name)).toMatchObject({ ack: 'all' });
    expect(most).toBe(1);
    expect(scene.runs.every((run) => run.ids.length <= 10)).toBe(true);
    expect(scene.ids().toSorted()).toEqual(ids(40, 7).toSorted());
    for (let record = 0; record < 7; record++) {
      const seen = versionsOf(`r${record}`, scene.ids());
      expect(seen).toEqual(seen.toSorted());
    }
  });

  it('that does not fill runs when its oldest event has waited', async () => {
    const scene = createScene(batches);
    await scene.start(() => done);
    await scene.publish('a:1', 'b:1', 'a:2');
    await scene.settled();
    expect(scene.ids().toSorted()).toEqual(['a:1', 'a:2', 'b:1']);
  });

  it.each(['all', 'explicit'] as const)('that fails in part (%s): the named wait, the others go on', async (ack) => {
    const scene = createScene({ ...batches, ack, backoff: { initialMs: 300, maxMs: 300, factor: 1 } });
    let isBad = true;
    const consumer = await scene.start(({ ids: names }) => fail(names, (id) => isBad && id === 'a:1'));
    await scene.publish('a:1', 'b:1', 'c:1', 'a:2');
    await vi.waitFor(() => expect(consumer.status()).toMatchObject({ acked: 2, retried: 1 }));
    await scene.publish('a:3', 'b:2');
    await vi.waitFor(() => expect(consumer.status().acked).toBe(3));
    isBad = false;
    await scene.settled();
    expect(scene.notices.filter(({ result }) => result === 'acked').map(({ subject }) => subject.at(-1))).toEqual([
      ...['b', 'c', 'b', 'a', 'a', 'a'],
    ]);
    expect(versionsOf('a', scene.ids()).slice(-3)).toEqual(['a:1', 'a:2', 'a:3']);
  });

  it('buries what is named as permanent, and goes on with its record', async () => {
    const scene = createScene(batches);
    const permanent: Failure = { kind: 'permanent', error };
    await scene.start(({ ids: names }) => fail(names, (id) => id === 'a:1', permanent));
    await scene.publish('a:1', 'a:2', 'b:1');
    await scene.settled();
    expect((await scene.deadLetters()).map(({ letter }) => letter.original.sequence)).toHaveLength(1);
    expect(scene.ids()).toHaveLength(3);
  });

  it.each<[string, Outcome]>([
    ['failed', failed],
    ['permanent', { kind: 'permanent', error }],
  ])('that ends as %s as a whole buries nothing for the failure of another', async (_, outcome) => {
    const scene = createScene({ ...batches, maxAttempts: 2 });
    await scene.start(({ ids: names }) => (names.includes('b:1') ? outcome : done));
    await scene.publish('a:1', 'b:1', 'c:1', 'd:1', 'a:2');
    await scene.settled();
    const letters = await scene.deadLetters();
    expect(letters.map(({ letter }) => Buffer.from(letter.original.payloadText ?? '').toString())).toEqual(['b:1']);
    expect(scene.results().filter((result) => result === 'acked')).toHaveLength(4);
  });

  it('is interrupted by a stop, and runs at the next start', async () => {
    const scene = createScene({ ...batches, batch: { size: 10, waitMs: 60_000 } });
    const consumer = await scene.start(() => done);
    await scene.publish('a:1', 'b:1');
    await vi.waitFor(() => expect(consumer.status().held).toBe(2));
    await consumer.stop();
    expect(scene.runs).toEqual([]);
    await scene.start(() => done, { spec: { policy: { ...scene.policy, batch: { size: 2, waitMs: 50 } } } });
    await scene.settled();
    expect(scene.ids().toSorted()).toEqual(['a:1', 'b:1']);
  });
});

describe('ack policy all', () => {
  it('settles nothing that is missing on its way', async () => {
    const scene = createScene({ ...batches, batch: { size: 2, waitMs: 20 } });
    const accepts = (subject: string): boolean => !subject.endsWith('sifted');
    let answer = (): void => undefined;
    const gate = new Promise<void>((resolve) => (answer = resolve));
    const consumer = await scene.start(
      async () => {
        await gate;
        return done;
      },
      { nats: lossyNats(nats, 'b:1'), spec: { accepts } },
    );
    await scene.publish('a:1');
    await vi.waitFor(() => expect(scene.runs.length).toBe(1));
    await scene.publish('b:1', 'sifted:1');
    await vi.waitFor(() => expect(consumer.status().state).toBe('waiting-for-pending'));
    answer();
    await scene.settled();
    expect(scene.ids()).toEqual(['a:1', 'b:1']);
  });

  it('loses nothing and keeps the order when the process ends again and again', async () => {
    const scene = createScene({ ...batches, ackWaitMs: 500, batch: { size: 7, waitMs: 20 } });
    const total = 240;
    const completed: string[] = [];
    const tried = new Map<string, number>();
    const handler = ({ ids: names }: { ids: string[] }): RunOutcome => {
      const failsFirst = (id: string): boolean => {
        const attempt = (tried.get(id) ?? 0) + 1;
        tried.set(id, attempt);
        return Number(id.slice(-1)) % 4 === 0 && attempt === 1;
      };
      const outcome = fail(names, failsFirst);
      const bad = new Set(outcome.kind === 'partly' ? outcome.failed.map(({ index }) => index) : []);
      const waiting = new Set<string>();
      for (const [index, id] of names.entries()) {
        if (bad.has(index)) waiting.add(id.split(':')[0]!);
        if (!waiting.has(id.split(':')[0]!)) completed.push(id);
      }
      return outcome;
    };
    for (let life = 0; life < 3; life++) {
      await scene.publish(...ids(total / 4, 13, 1 + (life * total) / 4));
      const doomed = await connectNats({ name: 'doomed', url: server.url });
      const consumer = await scene.start(handler, { nats: doomed });
      const before = completed.length;
      await vi.waitFor(() => expect(completed.length).toBeGreaterThan(before + 20), { timeout: 20_000 });
      await doomed.close();
      abandon(consumer);
    }
    await scene.publish(...ids(total / 4, 13, 1 + (3 * total) / 4));
    await scene.start(handler);
    await scene.settled();
    expect([...new Set(completed)].toSorted()).toEqual(ids(total, 13).toSorted());
    for (let record = 0; record < 13; record++) {
      const newestFirst = versionsOf(`r${record}`, completed).toReversed();
      const lastEnds = [...new Set(newestFirst)].toReversed();
      expect(lastEnds).toEqual(lastEnds.toSorted());
    }
  });
});

describe('ack policy none', () => {
  it('gives each event once, and drops what fails: counted, neither retried nor buried', async () => {
    const scene = createScene({ ack: 'none', idempotency: 'none' });
    const consumer = await scene.start(({ ids: [id] }) => (id === 'b:1' ? failed : done));
    await scene.publish('a:1', 'b:1', 'a:2', 'b:2');
    await vi.waitFor(() => expect(consumer.status()).toMatchObject({ acked: 3, dropped: 1, held: 0 }));
    expect(await nats.durableState('CRM_EVENTS', scene.name)).toMatchObject({ ack: 'none', ackPending: 0, pending: 0 });
    expect(consumer.status().lastError?.error).toEqual(error);
    expect(await scene.deadLetters()).toEqual([]);
    expect(scene.ids()).toEqual(['a:1', 'b:1', 'a:2', 'b:2']);
  });

  it('holds no more in hand than allowed, and drops that at a stop', async () => {
    const scene = createScene({ ack: 'none', idempotency: 'none', maxAckPending: 5, concurrency: 1 });
    await scene.publish(...ids(50, 50));
    const consumer = await scene.start(
      (_, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve({ kind: 'interrupted' }))),
    );
    await vi.waitFor(() => expect(consumer.status().held).toBe(5));
    await consumer.stop({ graceMs: 50 });
    const dropped = scene.results().filter((result) => result === 'dropped').length;
    expect(dropped).toBeLessThanOrEqual(15);
    await scene.start(() => done);
    await vi.waitFor(() => expect(scene.results().filter((result) => result === 'acked').length).toBe(50 - dropped));
  });
});
