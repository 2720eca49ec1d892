import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { MeshEvent } from '@crm-mesh/contract';
import { definePlugin, PermanentError, type PluginContext, type SinkTransaction } from '@crm-mesh/sdk';
import { openSink, refuseTransaction, runBatch, runPlugin, type Sink } from '@crm-mesh/sdk/running';
import { buildTestEvent } from '@crm-mesh/sdk/testing';
import { openStore, type Store } from '@crm-mesh/store';
import { listStoreKinds } from './stores/places.js';

// What `transaction` promises a plugin, on both databases.

type DealEvent = MeshEvent<'deal.updated'>;
type Work = (tx: SinkTransaction) => Promise<unknown>;

const LOG = { debug() {}, info() {}, warn() {}, error() {} };
const CONTEXT = { config: undefined, attempt: 1, log: LOG, transaction: refuseTransaction, injected: [] };
const turn = () => new Promise((resolve) => setImmediate(resolve));
const forEver = () => new Promise<never>(() => undefined);
const deal = (id: string, version = 1) => buildTestEvent('deal.updated', { id }, { version });
const add = (tx: SinkTransaction, event: DealEvent) =>
  tx.run('INSERT INTO effects (id, version) VALUES (?, ?)', [event.data.id, event.recordversion]);

const kinds = await listStoreKinds();
for (const { name, absent } of kinds) if (absent) console.warn(`NOT TESTED: sinks on ${name}: ${absent}`);

describe.each(kinds)('a sink on $name', (kind) => {
  kind.use();

  describe.skipIf(kind.absent !== undefined)('is the same for everybody', () => {
    let url: string;
    let sink: Sink;
    let store: Store;

    beforeAll(async () => {
      url = await kind.makePlace();
      sink = (await openSink(definePlugin({ name: 'probe', events: ['deal.*'], sink: () => url, handle() {} }), {}))!;
      store = await openStore({ url, migrations: [] });
      await sink.transaction((tx) => tx.run('CREATE TABLE effects (id text NOT NULL, version integer NOT NULL)'));
    });
    beforeEach(() =>
      store.write(async (tx) => {
        for (const table of ['effects', 'mesh_inbox']) await tx.run(`DELETE FROM ${table}`);
      }),
    );
    afterAll(async () => {
      await sink.close();
      await store.close();
    });

    const effects = async () =>
      (await store.read<{ id: string; version: number }>('SELECT id, version FROM effects ORDER BY id, version')).map(
        ({ id, version }) => `${id}@${version}`,
      );
    const rows = async () =>
      (await store.read<{ event_id: string }>('SELECT event_id FROM mesh_inbox ORDER BY event_id')).map(
        ({ event_id }) => event_id,
      );

    /** One run of a plugin that does this in its transaction. */
    function handle(event: DealEvent, work: Work, options: { signal?: AbortSignal; again?: string } = {}) {
      return run(event, async ({ transaction }) => ({ receipt: await transaction(work) }), options);
    }

    function run(
      event: DealEvent,
      body: (context: PluginContext) => Promise<{ receipt?: unknown }>,
      { signal = new AbortController().signal, again }: { signal?: AbortSignal; again?: string } = {},
    ) {
      const plugin = definePlugin({ name: 'probe', events: ['deal.*'], handle: (_, context) => body(context) });
      const own = { sink, again: () => again };
      return runPlugin(plugin, event, { ...CONTEXT, signal, idempotencyKey: event.id }, own);
    }

    it('commits effect and row together, and does nothing for an event whose row is there', async () => {
      const event = deal('a');
      const work: Work = async (tx) => {
        await add(tx, event);
        return { invoice: 7 };
      };
      expect(await handle(event, work)).toEqual({ kind: 'done', receipt: { invoice: 7 } });
      // What it gave back is given back: a receipt is the same, however often a crash brings the event.
      expect(await handle(event, work)).toEqual({ kind: 'done', receipt: { invoice: 7 }, skipped: true });
      expect(await effects()).toEqual(['a@1']);
    });

    // The trap: on one connection, as TypeORM has it for SQLite, the second of two transactions that run side by side
    // throws, and rows of the one that was rolled back stay.
    it('keeps apart what runs side by side: what one rolls back, no other loses or keeps', async () => {
      const events = Array.from({ length: 20 }, (_, index) => deal(String(index + 10)));
      const isOdd = (event: DealEvent) => Number(event.data.id) % 2 === 1;
      const verdicts = await Promise.all(
        events.map((event) =>
          handle(event, async (tx) => {
            await add(tx, event);
            await turn();
            await add(tx, event);
            if (isOdd(event)) throw new Error('back');
          }),
        ),
      );
      expect(verdicts.map(({ kind: ending }) => ending)).toEqual(events.map((e) => (isOdd(e) ? 'failed' : 'done')));
      const even = events.filter((event) => !isOdd(event));
      expect(await effects()).toEqual(even.flatMap(({ data }) => [`${data.id}@1`, `${data.id}@1`]));
      expect(await rows()).toEqual(even.map(({ id }) => id));
    });

    it('of two runs of one event at the same time, does the work of one', async () => {
      const event = deal('twin');
      const work: Work = async (tx) => {
        await add(tx, event);
        await turn();
      };
      const verdicts = await Promise.all([handle(event, work), handle(event, work)]);
      expect(verdicts.filter((verdict) => 'skipped' in verdict)).toHaveLength(1);
      expect(await effects()).toEqual(['twin@1']);
    });

    it('leaves no row where the work failed: the next attempt does it', async () => {
      const event = deal('r');
      const first = handle(event, async (tx) => {
        await add(tx, event);
        throw new Error('not yet');
      });
      expect(await first).toMatchObject({ kind: 'failed' });
      expect([await effects(), await rows()]).toEqual([[], []]);
      expect(await handle(event, (tx) => add(tx, event))).toEqual({ kind: 'done', receipt: 1 });
      expect(await effects()).toEqual(['r@1']);
    });

    it('rolls back at the end of the time, and takes the transaction away from who goes on all the same', async () => {
      const event = deal('late');
      const abort = new AbortController();
      let late: Promise<unknown> | undefined;
      let goOn = (): void => undefined;
      const first = handle(
        event,
        async (tx) => {
          await add(tx, event);
          late = new Promise<void>((resolve) => (goOn = resolve)).then(() => add(tx, event));
          late.catch(() => undefined);
          abort.abort(new DOMException('too late', 'TimeoutError'));
          return forEver();
        },
        { signal: abort.signal },
      );
      expect(await first).toMatchObject({ kind: 'timeout' });
      expect(await handle(event, (tx) => add(tx, event))).toEqual({ kind: 'done', receipt: 1 });
      goOn();
      await expect(late).rejects.toThrow('too late');
      expect(await effects()).toEqual(['late@1']);
    });

    it('does not begin after the abort', async () => {
      const event = deal('none');
      expect(await handle(event, (tx) => add(tx, event), { signal: AbortSignal.abort() })).toEqual({
        kind: 'interrupted',
      });
      expect(await effects()).toEqual([]);
    });

    it('takes nothing that was not awaited', async () => {
      const event = deal('stray');
      let stray: Promise<unknown> | undefined;
      await handle(event, async (tx) => {
        stray = turn()
          .then(turn)
          .then(() => add(tx, event));
        stray.catch(() => undefined);
      });
      await expect(stray).rejects.toThrow('await every statement');
      expect(await effects()).toEqual([]);
    });

    it('runs again what somebody asked for, once for each time that he asked', async () => {
      const event = deal('again');
      const work: Work = (tx) => add(tx, event);
      await handle(event, work);
      for (const again of ['first', 'first', 'second', 'second', undefined])
        await handle(event, work, again ? { again } : {});
      expect(await effects()).toEqual(['again@1', 'again@1', 'again@1']);
      expect(await rows()).toEqual([event.id]);
    });

    it('refuses a second transaction in one run, which would find the row of the first', async () => {
      const event = deal('twice');
      const verdict = await run(event, async ({ transaction }) => {
        await transaction((tx) => add(tx, event));
        await transaction((tx) => add(tx, event));
        return {};
      });
      expect(verdict).toMatchObject({ kind: 'permanent', error: { message: /called twice/ } });
    });

    it('rolls back where what it gives back cannot be kept', async () => {
      const event = deal('large');
      const verdict = await handle(event, async (tx) => {
        await add(tx, event);
        return 'x'.repeat(20_000);
      });
      expect(verdict).toMatchObject({ kind: 'permanent', error: { code: 'MESH_RECEIPT_INVALID' } });
      expect(await effects()).toEqual([]);
    });

    describe('in batches', () => {
      type Failed = { id: string; error: unknown }[];

      function handleBatch(events: DealEvent[], failedOf: (given: readonly DealEvent[]) => Failed = () => []) {
        const plugin = definePlugin({
          name: 'probe',
          events: ['deal.updated'],
          handleBatch: (_, { transaction }) =>
            transaction(async (tx, fresh) => {
              for (const event of fresh) await add(tx, event);
              return { failed: failedOf(fresh) };
            }),
        });
        const given = { ...CONTEXT, signal: new AbortController().signal, idempotencyKey: ({ id }: MeshEvent) => id };
        return runBatch(plugin, events, given, { sink });
      }

      it('writes one transaction with all rows, and gives the work only what is not done', async () => {
        const events = Array.from({ length: 250 }, (_, index) => deal(String(index + 1_000)));
        expect(await handleBatch(events.slice(0, 120))).toEqual({ kind: 'done' });
        const verdict = await handleBatch(events);
        expect(verdict).toEqual({ kind: 'partly', failed: [], skipped: Array.from({ length: 120 }, (_, n) => n) });
        expect(await effects()).toEqual(events.map(({ data }) => `${data.id}@1`));
        expect(await rows()).toHaveLength(250);
      });

      it('rolls all of it back when it throws', async () => {
        const throws = () => {
          throw new Error('back');
        };
        expect(await handleBatch([deal('a'), deal('b')], throws)).toMatchObject({ kind: 'failed' });
        expect([await effects(), await rows()]).toEqual([[], []]);
      });

      it('gives no row to what failed, nor to what runs again behind it in its record', async () => {
        const events = [deal('a', 1), deal('a', 2), deal('b', 1), deal('c', 1), deal('c', 2)];
        const error = new Error('no');
        const fail = () => [
          { id: events[0]!.id, error },
          { id: events[3]!.id, error: new PermanentError('never') },
        ];
        expect(await handleBatch(events, fail)).toMatchObject({ kind: 'partly' });
        expect(await rows()).toEqual([events[2]!.id, events[4]!.id].toSorted());
      });
    });

    it('forgets what is old, and only its own', async () => {
      for (const id of ['a', 'b']) await handle(deal(id), async () => undefined);
      await store.write((tx) => tx.run("UPDATE mesh_inbox SET done_at_ms = 10 WHERE event_id LIKE '%/a@%'"));
      await store.write((tx) =>
        tx.run("INSERT INTO mesh_inbox (consumer, event_id, again, done_at_ms) VALUES ('other', 'x', '', 10)"),
      );
      await sink.forget(50);
      expect(await rows()).toEqual([deal('b').id, 'x']);
    });

    it('goes on with the inbox that is there', async () => {
      const event = deal('before');
      await handle(event, (tx) => add(tx, event));
      const plugin = definePlugin({ name: 'probe', events: ['deal.*'], sink: () => url, handle() {} });
      const [second, third] = await Promise.all([openSink(plugin, {}), openSink(plugin, {})]);
      const own = { sink: second };
      const again = definePlugin({
        name: 'probe',
        events: ['deal.*'],
        handle: async (_, { transaction }) => void (await transaction((tx) => add(tx, event))),
      });
      const given = { ...CONTEXT, signal: new AbortController().signal, idempotencyKey: event.id };
      expect(await runPlugin(again, event, given, own)).toEqual({ kind: 'done', skipped: true });
      await Promise.all([second!.close(), third!.close()]);
    });
  });
});

it('transaction() of a plugin without a sink says how to have one', async () => {
  const plugin = definePlugin({
    name: 'probe',
    events: ['deal.*'],
    handle: async (_, { transaction }) => void (await transaction(async () => 1)),
  });
  const given = { ...CONTEXT, signal: new AbortController().signal, idempotencyKey: 'k' };
  expect(await runPlugin(plugin, deal('x'), given)).toMatchObject({
    kind: 'permanent',
    error: { message: /needs a sink/ },
  });
});
