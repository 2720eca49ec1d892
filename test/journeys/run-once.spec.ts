import { setTimeout as pauseFor } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { eventSubject } from '@crm-mesh/contract';
import { connectNats, ensureStreams, requestControl, type Nats } from '@crm-mesh/jetstream';
import { buildTestEvent } from '@crm-mesh/sdk/testing';
import { openStore, type Store } from '@crm-mesh/store';
import { makeTempDir, startTestNats, type TempDir, type TestNats } from '@crm-mesh/testing';
import { listStoreKinds } from '../contracts/stores/places.js';
import { MeshProcesses } from './mesh-processes.js';

const KILLS = 2;
const PLUGIN = 'counter';

/** Counts each event in its sink, and kills the host with `kill -9` right behind a commit, `KILLS` times in all. */
function describeCounter(folder: string, url: string, isolation: string): string {
  return `
    import { openSync } from 'node:fs';
    import { definePlugin } from '@crm-mesh/sdk';
    const isFirst = (what: string) => { try { openSync(${JSON.stringify(`${folder}/`)} + what, 'wx'); return true; } catch { return false; } };
    export default definePlugin({ name: '${PLUGIN}', events: ['deal.*'], sink: () => '${url}',
      delivery: { startFrom: 'all', isolation: '${isolation}' },
      async setup({ transaction }) {
        await transaction((tx) => tx.run('CREATE TABLE IF NOT EXISTS effects (id text, version integer)'));
      },
      async handle({ data, recordversion }, { transaction }) {
        const kept = await transaction(async (tx) => {
          await tx.run('INSERT INTO effects VALUES (?, ?)', [data.id, recordversion]);
          return data.id + '@' + recordversion;
        });
        const kills = ['k1@2', 'k4@3'];
        if (kills.includes(kept) && isFirst(kept)) {
          process.kill(process.pid, 'SIGKILL');
          await new Promise(() => undefined);
        }
        return { receipt: kept };
      } });
  `;
}

let server: TestNats;
let nats: Nats;
let folder: TempDir;
let mesh: MeshProcesses;

beforeEach(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'run-once', url: server.url });
  await ensureStreams(nats);
  folder = makeTempDir('run-once');
  mesh = new MeshProcesses({ folder: folder.path, natsUrl: () => server.url });
});
afterEach(async () => {
  await mesh.killAll();
  await nats.close();
  await server.stop();
  folder.remove();
});

async function tell(id: string, version: number): Promise<void> {
  const address = { tenant: 'acme', connection: 'shop', entity: 'deal', action: 'updated', id };
  const event = buildTestEvent('deal.updated', { id }, { version, tenant: 'acme', connection: 'shop' });
  await nats.publish({ subject: eventSubject(address), payload: JSON.stringify(event), messageId: event.id });
}

async function isSettled(): Promise<boolean> {
  const state = await nats.durableState('CRM_EVENTS', PLUGIN);
  return state !== undefined && state.pending + state.ackPending === 0;
}

/** Starts the host again whenever it was killed, until all is settled; resolves to how often. */
async function runToTheEnd(): Promise<number> {
  let starts = 0;
  for (;;) {
    starts++;
    const ended = new AbortController();
    await mesh.start('host').catch(() => undefined);
    void mesh.untilEnd('host').then(() => ended.abort());
    while (!ended.signal.aborted && !(await isSettled())) await pauseFor(50);
    if (!ended.signal.aborted) return starts;
  }
}

const kinds = await listStoreKinds();
for (const { name, absent } of kinds) if (absent) console.warn(`NOT TESTED: kills with a sink on ${name}: ${absent}`);

describe.each(kinds)('with a sink on $name', (kind) => {
  kind.use();

  it.skipIf(kind.absent !== undefined).each(kind.name === 'SQLite' ? ['worker', 'inline'] : ['worker'])(
    'a host that is killed between commit and ack repeats no effect (%s)',
    { timeout: 150_000 },
    async (isolation) => {
      const url = await kind.makePlace();
      mesh.writeFiles({}, { [PLUGIN]: describeCounter(folder.path, url, isolation) });
      const told: string[] = [];
      for (const version of [1, 2, 3])
        for (const id of ['k1', 'k2', 'k3', 'k4']) {
          await tell(id, version);
          told.push(`${id}@${version}`);
        }
      expect(await runToTheEnd()).toBe(KILLS + 1);
      const store: Store = await openStore({ url, migrations: [] });
      const effects = await store.read<{ id: string; version: number }>('SELECT id, version FROM effects');
      await store.close();
      expect(effects.map(({ id, version }) => `${id}@${version}`).toSorted()).toEqual(told.toSorted());
      // Of what was committed before a kill, too: what the transaction gave back is given back.
      await vi.waitFor(async () => {
        const { receipts } = await requestControl<{ receipts: { receipt: string }[] }>(nats, 'host', 'receipts', {
          consumer: PLUGIN,
        });
        expect(receipts.map(({ receipt }) => receipt).toSorted()).toEqual(told.toSorted());
      });
      expect(await nats.streamState('CRM_DEAD')).toMatchObject({ messages: 0 });
    },
  );
});
