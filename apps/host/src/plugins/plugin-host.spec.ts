import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '@crm-mesh/config';
import { eventSubject } from '@crm-mesh/contract';
import { DELIVERY_MIGRATIONS } from '@crm-mesh/delivery';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { buildTestEvent } from '@crm-mesh/sdk/testing';
import { openStore, type Store } from '@crm-mesh/store';
import { createLogger, createMetrics } from '@crm-mesh/telemetry';
import { makeTempDir, startTestNats, type TempDir, type TestNats } from '@crm-mesh/testing';
import { PluginHost } from './plugin-host.js';

// What happens while a plugin is on its way from one life to the next.

let server: TestNats;
let nats: Nats;
let store: Store;
let temp: TempDir;
let host: PluginHost;
let lines: Record<string, unknown>[];
/** Holds back what the host reads from its store; writing goes on. */
let reading: Promise<void> | undefined;
let readers: number;

beforeEach(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'plugin-host-spec', url: server.url });
  await ensureStreams(nats);
  store = await openStore({ url: 'sqlite::memory:', migrations: DELIVERY_MIGRATIONS });
  temp = makeTempDir('plugin-host');
  lines = [];
  reading = undefined;
  readers = 0;
  for (const folder of ['plugins', 'more']) mkdirSync(join(temp.path, folder));
});
afterEach(async () => {
  await host.stop(1_000);
  await nats.close();
  await store.close();
  await server.stop();
  temp.remove();
});

const file = (name: string): string => join(temp.path, name);
const touch = (name: string): void => writeFileSync(file(name), '');
const configure = (plugins: object): void =>
  writeFileSync(file('mesh.yaml'), JSON.stringify({ pluginFolders: ['plugins', 'more'], plugins }));

async function start(): Promise<void> {
  configure({});
  const config = loadConfig({ env: {}, cwd: temp.path, sections: ['plugins'] });
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) };
  const log = createLogger({ app: 'host', level: 'debug', destination });
  const slowStore: Store = {
    ...store,
    write: store.write.bind(store),
    read: async (...parts) => {
      readers += reading ? 1 : 0;
      await reading;
      return store.read(...parts);
    },
  };
  const metrics = createMetrics({ app: 'host' });
  host = new PluginHost({ config, env: {}, cwd: temp.path, nats, store: slowStore, log, metrics });
  await host.start();
}

/** A plugin whose setup and handler say what they do, and wait for a file if they are told to. */
function write(name: string, told: { folder?: string; label?: string; setup?: string; handle?: string } = {}): string {
  const { folder = 'plugins', label = name, setup = '', handle = '' } = told;
  const path = join(temp.path, folder, `${name}.plugin.ts`);
  writeFileSync(
    path,
    `
    import { appendFileSync, existsSync } from 'node:fs';
    import { definePlugin, PermanentError } from '@crm-mesh/sdk';
    void PermanentError;
    const say = (what: string) => appendFileSync(${JSON.stringify(file('said'))}, what + '\\n');
    const until = async (name: string) => {
      while (!existsSync(${JSON.stringify(temp.path)} + '/' + name)) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    void [say, until];
    export default definePlugin({ name: '${name}', events: ['deal.*'],
      async setup() { ${setup} },
      async handle(event) { say('${label} ' + event.data.id); ${handle} } });
  `,
  );
  return path;
}

function said(): string[] {
  try {
    return readFileSync(file('said'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

async function tell(id: string): Promise<void> {
  const event = buildTestEvent('deal.won', { id }, { tenant: 'acme', version: 1 });
  const subject = eventSubject({ tenant: 'acme', connection: 'hubspot', entity: 'deal', action: 'won', id });
  await nats.publish({ subject, payload: JSON.stringify(event), messageId: event.id });
}

const until = (assertion: () => unknown): Promise<unknown> => vi.waitFor(assertion, { timeout: 25_000, interval: 20 });
const stateOf = (name: string): string | undefined => host.status().find((plugin) => plugin.name === name)?.state;
const hasLine = (fields: object): boolean =>
  lines.some((line) => Object.entries(fields).every(([key, value]) => line[key] === value));

describe('a plugin that could neither be replaced nor go on', () => {
  it('is not told to run, and runs again when its change is taken back', { timeout: 60_000 }, async () => {
    write('stuck');
    await start();
    await tell('1');
    await until(() => expect(said()).toEqual(['stuck 1']));

    // NATS goes away between the new one's setup and its start.
    write('stuck', { label: 'new', setup: `say('set up'); await until('gone');` });
    await until(() => expect(said()).toContain('set up'));
    await server.kill();
    touch('gone');
    await until(() => expect(hasLine({ plugin: 'stuck', state: 'refused' })).toBe(true));
    expect(stateOf('stuck')).toBe('refused');

    await server.restart();
    await until(() => expect(nats.connected).toBe(true));
    write('stuck');
    await until(() => expect(stateOf('stuck')).toBe('running'));
    await tell('2');
    await until(() => expect(said().slice(-1)).toEqual(['stuck 2']));
  });
});

describe('a plugin that is removed', () => {
  it('keeps its name until its last handler has ended, whatever changes meanwhile', async () => {
    const first = write('twin', { handle: `await until('go'); say('first ends');` });
    const heir = write('twin', { folder: 'more', label: 'heir' });
    const statesOfHeir = () => lines.filter((line) => line['file'] === heir).map((line) => line['state']);
    write('other');
    await start();
    await tell('1');
    await until(() => expect(said()).toContain('twin 1'));
    rmSync(first);
    const statusOfFirst = () => host.status().find((plugin) => plugin.file === first);
    await until(() => expect(statusOfFirst()?.consumer?.state).not.toBe('running'));
    configure({ other: { enabled: false } });
    await until(() => expect(stateOf('other')).toBe('disabled'));
    await until(() => expect(statesOfHeir().length).toBeGreaterThan(1));
    expect(statesOfHeir()).toEqual(['refused', 'refused']);
    touch('go');
    await until(() => expect(statesOfHeir().slice(-1)).toEqual(['running']));
    expect(said().slice(-1)).toEqual(['first ends']);
    expect(host.status().filter(({ name }) => name === 'twin')).toHaveLength(1);
    await tell('2');
    await until(() => expect(said().slice(-1)).toEqual(['heir 2']));
  });
});

describe('dead letters that are redriven while their plugin starts', () => {
  it('reach it', async () => {
    write('picky', { handle: `throw new PermanentError('no');` });
    await start();
    await tell('1');
    await until(async () => expect((await nats.streamState('CRM_DEAD')).messages).toBe(1));
    const { sequence } = (await nats.getLastMessage('CRM_DEAD', 'dead.picky.>'))!;

    // The next life hangs in its start: the former is stopped, the new one does not consume yet.
    let open = (): void => undefined;
    reading = new Promise((resolve) => (open = resolve));
    write('picky', { label: 'mended', setup: `say('set up');` });
    await until(() => expect(said()).toContain('set up'));
    await until(() => expect(readers).toBeGreaterThan(0));
    let isAnswered = false;
    const redriven = host
      .redrive({ consumer: 'picky', sequences: [sequence], by: 'spec' })
      .finally(() => (isAnswered = true));
    // Long enough for a redrive that waits for nobody.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(isAnswered).toBe(false);
    open();
    expect(await redriven).toEqual({ redriven: [sequence], missing: [] });
    await until(() => expect(said().slice(-1)).toEqual(['mended 1']));
  });
});
