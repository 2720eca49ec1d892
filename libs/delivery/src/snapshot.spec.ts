import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { connectNats } from '@crm-mesh/jetstream';
import { abandon, createScene, done, failed, nats, server, store, useServer } from './scene.fixture.js';
import type { ReadSnapshot } from './snapshot-page.js';

useServer();

/** What a ledger knows: of each record the newest version, and where it lies. */
function createLedger(scene: ReturnType<typeof createScene>) {
  const records = new Map<string, { version: number; sequence: number }>();
  return {
    records,
    change: async (record: string): Promise<void> => {
      const version = (records.get(record)?.version ?? 0) + 1;
      const subject = `crm.${scene.name}.hubspot.deal.updated.${record}`;
      const messageId = `${scene.name}/${record}@${version}`;
      const { sequence } = await nats.publish({ subject, payload: `${record}:${version}`, messageId });
      records.set(record, { version, sequence });
    },
    read:
      (pageSize: number, beforePage: () => Promise<void> = async () => undefined): ReadSnapshot =>
      async ({ upTo, after }) => {
        await beforePage();
        const names = [...records.keys()].toSorted().filter((name) => name > after);
        const page = names.slice(0, pageSize);
        const events = page.flatMap((name) => {
          const { version, sequence } = records.get(name)!;
          if (sequence > upTo) return [];
          const subject = `crm.${scene.name}.hubspot.deal.created.${name}`;
          return [{ id: `${scene.name}/${name}@${version}`, subject, payload: `${name}:${version}` }];
        });
        return { events, ...(names.length > pageSize ? { after: page.at(-1)! } : {}) };
      },
  };
}

const versionsOf = (record: string, completed: readonly string[]): number[] =>
  completed.filter((id) => id.split(':')[0] === record).map((id) => Number(id.split(':')[1]));

/** Where a crash repeats something, only its last run counts. */
function keepLast(versions: readonly number[]): number[] {
  return versions.filter((version, index) => !versions.slice(index + 1).includes(version));
}

const record = fc.integer({ min: 1, max: 6 }).map((number) => `r${number}`);
const changes = fc.array(record, { maxLength: 12 });

describe('a snapshot, then live', () => {
  it('tells every record once and then all that is newer, in order, through crashes', async () => {
    const property = fc.asyncProperty(
      fc.record({ before: changes, during: changes, after: changes }),
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 2 }),
      async ({ before, during, after }, pageSize, crashes) => {
        const scene = createScene({ startFrom: 'snapshot', ackWaitMs: 300 });
        const ledger = createLedger(scene);
        for (const name of before) await ledger.change(name);
        const upTo = new Map([...ledger.records].map(([name, { version }]) => [name, version]));
        const completed: string[] = [];
        const pending = [...during];
        const readSnapshot = ledger.read(pageSize, async () => {
          for (const name of pending.splice(0, 2)) await ledger.change(name);
        });
        const handler = ({ ids: [id], attempt }: { ids: string[]; attempt: number }) => {
          if (id!.endsWith('2') && attempt === 1) return failed;
          completed.push(id!);
          return done;
        };
        for (const runs of crashes) {
          const doomed = await connectNats({ name: 'doomed', url: server.url });
          const crashed = await scene.start(handler, { nats: doomed, spec: { readSnapshot } });
          const enough = completed.length + runs;
          const isOver = (): boolean => completed.length >= enough || crashed.status().state === 'running';
          await vi.waitFor(() => expect(isOver()).toBe(true), { timeout: 10_000, interval: 1 });
          await doomed.close();
          abandon(crashed);
        }
        const consumer = await scene.start(handler, { spec: { readSnapshot } });
        for (const name of [...pending.splice(0), ...after]) await ledger.change(name);
        await vi.waitFor(() => expect(consumer.status().state).toBe('running'), { timeout: 20_000 });
        await scene.settled();
        for (const [name, { version }] of ledger.records) {
          const seen = versionsOf(name, completed);
          if (crashes.length === 0) expect(seen).toEqual(keepLast(seen));
          const [first = 0] = keepLast(seen);
          // From its state, or from the first change behind it, to the newest: each once, none missing.
          expect(first).toBeLessThanOrEqual((upTo.get(name) ?? 0) + 1);
          expect(first).toBeGreaterThanOrEqual(upTo.get(name) ?? 1);
          expect(keepLast(seen)).toEqual(Array.from({ length: version - first + 1 }, (_, index) => first + index));
        }
        await consumer.stop();
      },
    );
    await fc.assert(property, { numRuns: 12, endOnFailure: true });
  }, 120_000);

  it('sends a page once that was sent just before a crash, though the stream has forgotten its message ids', async () => {
    const scene = createScene({ startFrom: 'snapshot' });
    const ledger = createLedger(scene);
    for (const name of ['r1', 'r2', 'r3']) await ledger.change(name);
    const doomed = await connectNats({ name: 'doomed', url: server.url });
    const crashed = await scene.start(() => done, { nats: doomed, spec: { readSnapshot: ledger.read(2) } });
    await vi.waitFor(() => expect(crashed.status().state).toBe('running'));
    await crashed.stop();
    await doomed.close();
    const sent = (await nats.streamState('CRM_DIRECT')).lastSequence;
    // As if the crash had come before the progress was written down.
    await store.write((tx) =>
      tx.run(`UPDATE delivery_snapshots SET after_key = '', last_sent = 0, phase = 'sending' WHERE consumer = ?`, [
        scene.name,
      ]),
    );
    const next = await scene.start(() => done, { spec: { readSnapshot: ledger.read(2) } });
    await vi.waitFor(() => expect(next.status().state).toBe('running'));
    expect((await nats.streamState('CRM_DIRECT')).lastSequence).toBe(sent);
    expect(scene.ids().toSorted()).toEqual(['r1:1', 'r2:1', 'r3:1']);
  });

  it('waits while the ledger cannot be asked, and holds back what is live', async () => {
    const scene = createScene({ startFrom: 'snapshot' });
    const ledger = createLedger(scene);
    await ledger.change('r1');
    let isAway = true;
    const read = ledger.read(5);
    const consumer = await scene.start(() => done, {
      spec: { readSnapshot: (request) => (isAway ? Promise.reject(new Error('away')) : read(request)) },
    });
    await ledger.change('r2');
    expect(consumer.status().state).toBe('snapshot');
    expect(scene.runs).toEqual([]);
    isAway = false;
    await scene.settled();
    expect(scene.ids()).toEqual(['r1:1', 'r2:1']);
  });

  it('begins anew when an operator removes the durable, and not when the plugin is started again', async () => {
    const scene = createScene({ startFrom: 'snapshot', idempotency: 'none' });
    const ledger = createLedger(scene);
    await ledger.change('r1');
    const run = async (): Promise<void> => {
      const consumer = await scene.start(() => done, { spec: { readSnapshot: ledger.read(5) } });
      await vi.waitFor(() => expect(consumer.status().state).toBe('running'));
      await scene.settled();
      await consumer.stop();
    };
    await run();
    await run();
    expect(scene.ids()).toEqual(['r1:1']);
    await nats.deleteDurable('CRM_EVENTS', scene.name);
    await run();
    expect(scene.ids()).toEqual(['r1:1', 'r1:1']);
  });
});
