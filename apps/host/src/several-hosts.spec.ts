import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventSubject } from '@crm-mesh/contract';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { buildTestEvent } from '@crm-mesh/sdk/testing';
import { openStore } from '@crm-mesh/store';
import { createLogger } from '@crm-mesh/telemetry';
import {
  makeTempDir,
  startTestNats,
  startTestPostgres,
  type TempDir,
  type TestNats,
  type TestPostgres,
} from '@crm-mesh/testing';
import { startHost, type RunningHost } from './start-host.js';

let server: TestNats;
let nats: Nats;
let postgres: TestPostgres;
let absent: string | undefined;
let temp: TempDir;
let hosts: RunningHost[];
let tests = 0;
let versions: Map<string, number>;

try {
  postgres = await startTestPostgres();
} catch (error) {
  absent = String(error);
  console.warn(`NOT TESTED: several hosts: ${absent}`);
}

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'test', url: server.url });
  await ensureStreams(nats);
});
afterAll(async () => {
  await nats?.close();
  await server?.stop();
  await postgres?.stop();
});
beforeEach(() => {
  temp = makeTempDir('hosts');
  hosts = [];
  versions = new Map();
  tests++;
});
afterEach(async () => {
  await Promise.all(hosts.map((host) => host.stop()));
  temp.remove();
});

const named = (name: string): string => `${name}-${tests}`;
const folderOf = (host: string): string => join(temp.path, host);

/** Each host has a folder of its own, and says in `runs` what it ran. */
function write(
  host: string,
  name: string,
  options: { delivery?: object; label?: string; pauseMs?: number } = {},
): void {
  const { delivery = {}, label = host, pauseMs = 0 } = options;
  mkdirSync(join(folderOf(host), 'plugins'), { recursive: true });
  const line = `['${label}', '${name}', event.data.id, event.recordversion].join(' ') + '\\n'`;
  writeFileSync(
    join(folderOf(host), 'plugins', `${name}.plugin.ts`),
    `import { appendFileSync } from 'node:fs';
     import { definePlugin } from '@crm-mesh/sdk';
     export default definePlugin({ name: '${name}', events: ['deal.*'], delivery: ${JSON.stringify({ startFrom: 'all', isolation: 'inline', ...delivery })},
       async handle(event) {
         if (${pauseMs}) await new Promise((resolve) => setTimeout(resolve, ${pauseMs}));
         appendFileSync(${JSON.stringify(join(temp.path, 'runs'))}, ${line});
       } });`,
  );
}

async function makeSchema(): Promise<string> {
  const schema = `hosts_${tests}`;
  const url = postgres.urlOf(schema);
  const store = await openStore({ url: postgres.urlOf('public'), migrations: [] });
  await store.write((tx) => tx.run(`CREATE SCHEMA IF NOT EXISTS ${schema}`));
  await store.close();
  return url;
}

async function start(name: string, store?: string): Promise<RunningHost> {
  mkdirSync(join(folderOf(name), 'plugins'), { recursive: true });
  const url = store ?? (await makeSchema());
  writeFileSync(join(folderOf(name), 'mesh.yaml'), `store: { host: '${url}' }\n`);
  const log = createLogger({
    app: 'host',
    level: 'info',
    destination: { write: (line) => appendFileSync(join(temp.path, `${name}.log`), line) },
  });
  const host = await startHost({ env: { NATS_URL: server.url, MESH_HOST_NAME: name }, cwd: folderOf(name), log });
  hosts.push(host);
  return host;
}

async function stop(host: RunningHost): Promise<void> {
  hosts = hosts.filter((other) => other !== host);
  await host.stop();
}

async function publish(record: string): Promise<void> {
  // Plugins begin with the first event of all: those of other tests are not meant.
  const id = `t${tests}-${record}`;
  const version = (versions.get(id) ?? 0) + 1;
  versions.set(id, version);
  const tenant = `t${tests}`;
  const event = buildTestEvent('deal.updated', { id }, { tenant, version });
  const subject = eventSubject({ tenant, connection: 'hubspot', entity: 'deal', action: 'updated', id });
  await nats.publish({ subject, payload: JSON.stringify(event), messageId: event.id });
}

interface Run {
  host: string;
  plugin: string;
  record: string;
  version: number;
}

function readRuns(): Run[] {
  const file = join(temp.path, 'runs');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
  return lines
    .map((line) => {
      const [host, plugin, record, version] = line.split(' ') as [string, string, string, string];
      return { host, plugin, record, version: Number(version) };
    })
    .filter(({ record }) => record.startsWith(`t${tests}-`));
}

const holdersOf = (host: RunningHost, plugin: string): (string | undefined)[] =>
  (host.plugins().find(({ name }) => name === plugin)?.shares ?? []).map((share) =>
    share.consumer ? share.holder : undefined,
  );

const countHeld = (host: RunningHost): number =>
  host
    .plugins()
    .flatMap(({ shares = [] }) => shares)
    .filter(({ consumer }) => consumer).length;

/** Every event of every record ran, once, and in order. */
function expectOnceInOrder(): void {
  const byRecord = new Map<string, number[]>();
  for (const { record, version } of readRuns()) byRecord.set(record, [...(byRecord.get(record) ?? []), version]);
  for (const [record, last] of versions)
    expect([record, byRecord.get(record)]).toEqual([record, Array.from({ length: last }, (_, at) => at + 1)]);
}

describe.skipIf(absent !== undefined)('hosts that share a database', () => {
  it('run an ordered plugin on one of them; when that stops, the other goes on within two seconds', async () => {
    const name = named('solo');
    for (const host of ['a', 'b']) write(host, name);
    const [a, b] = [await start('a'), await start('b')];
    expect(holdersOf(a, name)).toEqual(['a']);
    expect(b.plugins()[0]).toMatchObject({ state: 'standby', shares: [{ name, holder: 'a' }] });
    await publish('r');
    await expect.poll(() => readRuns().map(({ host }) => host)).toEqual(['a']);
    await publish('r');
    await stop(a);
    const stoppedMs = Date.now();
    await expect.poll(() => holdersOf(b, name), { timeout: 5_000, interval: 20 }).toEqual(['b']);
    await publish('r');
    await expect.poll(() => readRuns().length, { timeout: 5_000, interval: 20 }).toBe(3);
    expect(Date.now() - stoppedMs).toBeLessThan(2_000);
    expect(readRuns().at(-1)!.host).toBe('b');
    expectOnceInOrder();
  });

  it('spread what they run: who comes later gets a part', { timeout: 60_000 }, async () => {
    for (const host of ['a', 'b']) for (const plugin of ['one', 'two', 'three', 'four']) write(host, named(plugin));
    const a = await start('a');
    await expect.poll(() => countHeld(a)).toBe(4);
    const b = await start('b');
    await expect.poll(() => [countHeld(a), countHeld(b)], { timeout: 30_000 }).toEqual([2, 2]);
  });

  it('all pull an unordered plugin', async () => {
    const name = named('loose');
    for (const host of ['a', 'b']) write(host, name, { delivery: { order: 'none', maxAckPending: 2 }, pauseMs: 30 });
    const store = await makeSchema();
    await Promise.all([start('a', store), start('b', store)]);
    for (let n = 0; n < 60; n++) await publish(`r${n}`);
    await expect.poll(() => readRuns().length, { timeout: 20_000 }).toBe(60);
    expect(new Set(readRuns().map(({ host }) => host))).toEqual(new Set(['a', 'b']));
  });

  it('keep a plugin where it is while its file changes there', async () => {
    const name = named('reloaded');
    for (const host of ['a', 'b']) write(host, name);
    const [a, b] = [await start('a'), await start('b')];
    await publish('r');
    await expect.poll(() => readRuns().length).toBe(1);
    write('a', name, { label: 'a-new' });
    await expect
      .poll(() => readFileSync(join(temp.path, 'a.log'), 'utf8'), { timeout: 15_000 })
      .toContain('"replaced"');
    await publish('r');
    await expect.poll(() => readRuns().length).toBe(2);
    expect(readRuns().map(({ host }) => host)).toEqual(['a', 'a-new']);
    expect([holdersOf(a, name), holdersOf(b, name)]).toEqual([['a'], [undefined]]);
  });

  it(
    'split a plugin over themselves, and change the number: nothing is lost, doubled or overtaken',
    { timeout: 120_000 },
    async () => {
      const name = named('split');
      const write2 = (host: string, partitions: number): void =>
        write(host, name, { delivery: { partitions }, pauseMs: 2 });
      for (const host of ['a', 'b']) write2(host, 2);
      const [a, b] = [await start('a'), await start('b')];
      await expect.poll(() => [countHeld(a), countHeld(b)], { timeout: 20_000 }).toEqual([1, 1]);
      let isOver = false;
      const load = (async () => {
        for (let n = 0; !isOver; n++) {
          await publish(`r${n % 40}`);
          await new Promise((resolve) => setTimeout(resolve, 3));
        }
      })();
      const settle = async (): Promise<void> => {
        const before = readRuns().length;
        await expect.poll(() => readRuns().length, { timeout: 20_000 }).toBeGreaterThan(before + 50);
      };
      await settle();
      const split = readRuns();
      expect(new Set(split.map(({ host }) => host))).toEqual(new Set(['a', 'b']));
      for (const partitions of [3, 1, 4]) {
        write2('a', partitions);
        await settle();
        write2('b', partitions);
        await expect
          .poll(() => countHeld(a) + countHeld(b), { timeout: 30_000, message: `${partitions}` })
          .toBe(partitions);
        await settle();
      }
      isOver = true;
      await load;
      await expect
        .poll(() => readRuns().length, { timeout: 20_000 })
        .toBe([...versions.values()].reduce((sum, n) => sum + n, 0));
      expectOnceInOrder();
      const durables = (await nats.listDurables('CRM_EVENTS'))
        .map((durable) => durable.name)
        .filter((each) => each.startsWith(name));
      expect(durables.toSorted()).toEqual([1, 2, 3, 4].map((index) => `${name}_p${index}of4`));
    },
  );
});

it('a host with an SQLite file refuses to run beside another', async () => {
  await start('a', `sqlite:${join(temp.path, 'a.db')}`);
  await expect(start('b', `sqlite:${join(temp.path, 'b.db')}`)).rejects.toMatchObject({ code: 'MESH_HOST_NOT_ALONE' });
});
