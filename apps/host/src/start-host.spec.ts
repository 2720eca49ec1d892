import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import request from 'supertest';
import { eventSubject, type EventType } from '@crm-mesh/contract';
import type { DeadLetter } from '@crm-mesh/delivery';
import { connectNats, ensureStreams, requestControl, type Nats } from '@crm-mesh/jetstream';
import { buildTestEvent, type TestEventData } from '@crm-mesh/sdk/testing';
import { createLogger } from '@crm-mesh/telemetry';
import { makeTempDir, startTestNats, type TempDir, type TestNats } from '@crm-mesh/testing';
import { startHost, type RunningHost } from './start-host.js';

type Line = Record<string, unknown> & { msg: string };

let server: TestNats;
let nats: Nats;
let temp: TempDir;
let host: RunningHost | undefined;
let lines: Line[];
let versions: Map<string, number>;
let tests = 0;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'test', url: server.url });
  await ensureStreams(nats);
});
afterAll(async () => {
  await nats.close();
  await server.stop();
});
beforeEach(() => {
  temp = makeTempDir('host');
  mkdirSync(join(temp.path, 'plugins'));
  lines = [];
  versions = new Map();
  tests++;
});
afterEach(async () => {
  await host?.stop();
  host = undefined;
  temp.remove();
});

/** Durables outlive a test, so each test has names of its own. */
const named = (name: string): string => `${name}-${tests}`;

async function start(config = ''): Promise<RunningHost> {
  writeFileSync(join(temp.path, 'mesh.yaml'), config);
  const log = createLogger({
    app: 'host',
    level: 'debug',
    destination: { write: (line) => void lines.push(JSON.parse(line) as Line) },
  });
  host = await startHost({ env: { NATS_URL: server.url }, cwd: temp.path, log });
  return host;
}

/** A plugin that appends one line per run to `runs.txt`, and then does what `body` says. */
function write(name: string, options: { body?: string; more?: string; events?: string; label?: string } = {}): string {
  const file = join(temp.path, 'plugins', `${name}.plugin.ts`);
  writeFileSync(
    file,
    `
    import { appendFileSync } from 'node:fs';
    import { IsOptional, IsString } from 'class-validator';
    import { definePlugin, PermanentError, RetryLater, Unavailable } from '@crm-mesh/sdk';
    class Config { @IsString() greeting = 'hi'; @IsOptional() @IsString() mood?: string; }
    void [PermanentError, RetryLater, Unavailable];
    export default definePlugin({ name: '${name}', events: [${options.events ?? "'deal.*'"}], config: Config, ${options.more ?? ''}
      async handle(event, { attempt, config, log, idempotencyKey, signal }) {
        appendFileSync(${JSON.stringify(join(temp.path, 'runs.txt'))}, ['${options.label ?? name}', event.data.id, event.recordversion, attempt, config.greeting].join(' ') + '\\n');
        log.info({ idempotencyKey }, 'ran');
        void signal;
        ${options.body ?? ''}
      } });
  `,
  );
  return file;
}

function readRuns(): string[] {
  try {
    return readFileSync(join(temp.path, 'runs.txt'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

async function publish<T extends EventType>(type: T, data: TestEventData<T> & { id: string }): Promise<number> {
  const [entity = '', action = ''] = type.split('.');
  const tenant = `tenant-${tests}`;
  const key = `${entity}/${data.id}`;
  const version = (versions.get(key) ?? 0) + 1;
  versions.set(key, version);
  const event = buildTestEvent(type, data, { tenant, version });
  const subject = eventSubject({ tenant, connection: 'hubspot', entity, action, id: data.id });
  const { sequence } = await nats.publish({ subject, payload: JSON.stringify(event), messageId: event.id });
  return sequence;
}

async function expectRuns(...expected: string[]): Promise<void> {
  await expect.poll(readRuns, { timeout: 15_000 }).toEqual(expected);
}

const linesOf = (msg: string, fields: Record<string, unknown> = {}) =>
  lines.filter((line) => line.msg === msg && Object.entries(fields).every(([key, value]) => line[key] === value));
async function expectLine(msg: string, fields: Record<string, unknown>): Promise<void> {
  const message = `${msg} ${JSON.stringify(fields)}`;
  await expect.poll(() => linesOf(msg, fields).at(-1), { timeout: 15_000, message }).toBeDefined();
}

const statusOf = (name: string) => host?.plugins().find((plugin) => plugin.name === name);

describe('the host', () => {
  it('runs a plugin over what it listens to, and tells what became of it', async () => {
    const name = named('greeter');
    write(name, { events: `'deal.won', 'contact.created'` });
    await start(`plugins:\n  ${name}: { greeting: hello }\n`);
    await publish('deal.updated', { id: '1' });
    await publish('deal.won', { id: '1' });
    await publish('contact.created', { id: '9' });
    await expectRuns(`${name} 1 2 1 hello`, `${name} 9 1 1 hello`);
    await expectLine('outcome', {
      plugin: name,
      result: 'acked',
      type: 'deal.won',
      record: `tenant-${tests}/hubspot/deal/1`,
    });
    expect(linesOf('ran')[0]).toMatchObject({
      plugin: name,
      record: `tenant-${tests}/hubspot/deal/1`,
      correlationid: 'test-1-2',
      idempotencyKey: `${name}:tenant-${tests}/hubspot/deal/1@2`,
    });
    expect(linesOf('consuming', { consumer: name })[0]).toMatchObject({ behind: 0 });
    expect(linesOf('plugin', { plugin: name })[0]).toMatchObject({
      state: 'running',
      version: expect.stringMatching(/^[0-9a-f]{12}$/),
    });
    expect(await nats.durableState('CRM_EVENTS', name)).toMatchObject({
      filterSubject: 'crm.>',
      metadata: { owner: 'crm-mesh', plugin: name, events: 'deal.won, contact.created' },
    });
  });

  it("repeats what failed, keeps the record's order meanwhile, and buries poison", async () => {
    const name = named('flaky');
    write(name, {
      more: `delivery: { maxAttempts: 3, backoff: { initialMs: 50, factor: 1 } },`,
      body: `if (event.data.id === '1' && event.recordversion === 1 && attempt < 3) throw new Error('hiccup');
             if (event.data.id === 'poison') throw new PermanentError('not with me');`,
    });
    await start();
    await publish('deal.created', { id: '1' });
    await publish('deal.updated', { id: '1' });
    await publish('deal.updated', { id: 'poison' });
    await expectLine('outcome', { result: 'buried' });
    await expect
      .poll(() => readRuns().filter((run) => run.startsWith(`${name} 1 `)))
      .toEqual([`${name} 1 1 1 hi`, `${name} 1 1 2 hi`, `${name} 1 1 3 hi`, `${name} 1 2 1 hi`]);
    const dead = await nats.getLastMessage('CRM_DEAD', `dead.${name}.>`);
    const letter = JSON.parse(Buffer.from(dead?.data ?? []).toString()) as DeadLetter;
    expect(letter).toMatchObject({
      consumer: name,
      error: { name: 'PermanentError', message: 'not with me' },
      attemptCount: 1,
    });

    write(name, { label: 'mended' });
    await expectLine('plugin', { plugin: name, state: 'replaced' });
    const redriven = await requestControl(nats, 'host', 'redrive', {
      consumer: name,
      sequences: [dead?.sequence],
      by: 'test',
    });
    expect(redriven).toEqual({ redriven: [dead?.sequence], missing: [] });
    await expect.poll(() => readRuns().at(-1), { timeout: 15_000 }).toMatch(/^mended poison 1 1/);
  });

  it('buries what is no event', async () => {
    const name = named('reader');
    write(name);
    await start();
    await nats.publish({
      subject: `crm.t${tests}.hubspot.deal.won.5`,
      payload: '{"not":"an event"}',
      messageId: `broken-${tests}`,
    });
    await expectLine('outcome', { plugin: name, result: 'buried' });
    expect(linesOf('outcome', { result: 'buried' })[0]).toMatchObject({
      error: { message: expect.stringContaining('MESH_EVENT_INVALID') },
    });
    expect(readRuns()).toEqual([]);
  });

  it('picks up what is added, changed and removed, and what comes back goes on where it was', async () => {
    const name = named('mover');
    await start();
    expect(linesOf('no plugins yet: drop one into a folder')).toHaveLength(1);
    write(name, { more: 'setup({ log }) { log.info("set up"); }, teardown({ log }) { log.info("torn down"); },' });
    await expectLine('plugin', { plugin: name, state: 'running' });
    await publish('deal.created', { id: '1' });
    await expectRuns(`${name} 1 1 1 hi`);

    const file = write(name, { label: 'changed', more: 'teardown({ log }) { log.info("torn down"); },' });
    await expectLine('plugin', { plugin: name, state: 'replaced' });
    expect(linesOf('set up')).toHaveLength(1);
    expect(linesOf('torn down')).toHaveLength(1);
    await publish('deal.updated', { id: '1' });
    await expectRuns(`${name} 1 1 1 hi`, 'changed 1 2 1 hi');

    rmSync(file);
    await expectLine('plugin', { plugin: name, state: 'stopped' });
    expect(host?.plugins()).toEqual([]);
    await publish('deal.updated', { id: '1' });
    expect(await nats.durableState('CRM_EVENTS', name)).toMatchObject({ pending: 1 });

    write(name, { label: 'back' });
    await expectRuns(`${name} 1 1 1 hi`, 'changed 1 2 1 hi', 'back 1 3 1 hi');
  });

  it('refuses a wrong one alone, and goes on with the former when a change is wrong', async () => {
    const [good, bad] = [named('good'), named('bad')];
    write(good);
    write(bad, { events: `'deal.wonn'` });
    await start();
    expect(statusOf(bad)).toMatchObject({
      state: 'refused',
      reason: expect.stringContaining('events[0]: "deal.wonn" is no event'),
      cure: 'Did you mean "deal.won"?',
    });
    expect(linesOf('plugin', { plugin: bad, state: 'refused' })[0]).toMatchObject({
      level: 'error',
      code: 'MESH_PLUGIN_INVALID',
    });
    writeFileSync(join(temp.path, 'plugins', `${good}.plugin.ts`), 'export default {');
    await expectLine('plugin', { plugin: good, state: 'refused' });
    expect(statusOf(good)).toMatchObject({ state: 'running', reason: expect.stringContaining('.plugin.ts:1:') });
    await publish('deal.created', { id: '1' });
    await expectRuns(`${good} 1 1 1 hi`);
    write(bad, { events: `'deal.won'` });
    await expectLine('plugin', { plugin: bad, state: 'running' });
    expect(statusOf(bad)).not.toHaveProperty('reason');
  });

  it('refuses a wrong configuration with its key and line, and restarts a plugin whose part has changed', async () => {
    const [name, other] = [named('tuned'), named('other')];
    write(name);
    write(other);
    await start(`plugins:\n  ${name}: { greeting: 5 }\n`);
    expect(statusOf(name)).toMatchObject({
      state: 'refused',
      reason: expect.stringMatching(new RegExp(`mesh.yaml:2 plugins\\.${name}\\.greeting`)),
    });
    writeFileSync(
      join(temp.path, 'mesh.yaml'),
      `plugins:\n  ${name}: { greeting: ahoi, delivery: { concurrency: 1 } }\n`,
    );
    await expectLine('plugin', { plugin: name, state: 'running' });
    await publish('deal.created', { id: '1' });
    await expect
      .poll(() => readRuns().toSorted(), { timeout: 15_000 })
      .toEqual([`${name} 1 1 1 ahoi`, `${other} 1 1 1 hi`].toSorted());
    writeFileSync(join(temp.path, 'mesh.yaml'), `plugins:\n  ${name}: { enabled: false }\n`);
    await expectLine('plugin', { plugin: name, state: 'disabled' });
    expect(linesOf('plugin', { plugin: other })).toHaveLength(1);
    expect(statusOf(name)?.state).toBe('disabled');
  });

  it('refuses the second of two files with one name, which follows when the first goes', async () => {
    const name = named('twin');
    const first = write(name);
    mkdirSync(join(temp.path, 'more'));
    writeFileSync(join(temp.path, 'more', `${name}.plugin.ts`), readFileSync(first));
    await start('pluginFolders: [plugins, more]\n');
    expect(host?.plugins().map(({ state }) => state)).toEqual(['running', 'refused']);
    expect(host?.plugins()[1]?.reason).toContain(`"${name}" is taken by ${first}`);
    rmSync(first);
    await expect.poll(() => host?.plugins().map(({ state }) => state), { timeout: 15_000 }).toEqual(['running']);
  });

  it('pauses and resumes by the durable, over the control plane', async () => {
    const name = named('sleeper');
    write(name);
    const { url } = await start();
    await requestControl(nats, 'host', 'pause', { name });
    expect(await nats.durableState('CRM_EVENTS', name)).toMatchObject({ paused: true });
    // At once, for who asked.
    expect(statusOf(name)?.state).toBe('paused');
    await publish('deal.created', { id: '1' });
    expect(readRuns()).toEqual([]);
    await requestControl(nats, 'host', 'resume', { name });
    await expectRuns(`${name} 1 1 1 hi`);
    expect(await requestControl(nats, 'host', 'status')).toMatchObject({
      app: 'host',
      url,
      plugins: [{ name, consumer: { name } }],
    });
    await expect(requestControl(nats, 'host', 'pause', { name: 'nobody' })).rejects.toMatchObject({
      code: 'MESH_PLUGIN_UNKNOWN',
      what: expect.stringContaining(name),
    });
    await expect(requestControl(nats, 'host', 'pause', { name, forMs: 'long' })).rejects.toMatchObject({
      code: 'MESH_CONTROL_INVALID',
    });
  });

  it('answers health and metrics', async () => {
    const { url } = await start();
    await request(url).get('/healthz').expect(200);
    await request(url).get('/readyz').expect(200);
    expect((await request(url).get('/metrics').expect(200)).text).toContain('nodejs_version_info');
  });

  it('does not widen a durable silently: the former goes on', async () => {
    const name = named('wider');
    write(name, { events: `'deal.won'` });
    await start();
    expect(await nats.durableState('CRM_EVENTS', name)).toMatchObject({ filterSubject: 'crm.*.*.deal.won.*' });
    write(name, { events: `'deal.*'`, label: 'wide' });
    await expectLine('plugin', { plugin: name, state: 'refused' });
    expect(statusOf(name)).toMatchObject({
      state: 'running',
      cure: expect.stringContaining(`nats consumer edit CRM_EVENTS ${name} --filter 'crm.*.*.deal.*.*'`),
    });
    await publish('deal.won', { id: '1' });
    await expectRuns(`${name} 1 1 1 hi`);
  });

  it('lets a running handler end when it stops, and loses and doubles nothing', async () => {
    const name = named('slow');
    write(name, {
      body: `await new Promise((resolve) => setTimeout(resolve, 150));`,
      more: 'delivery: { concurrency: 2 },',
    });
    await start();
    const ids = Array.from({ length: 12 }, (_, index) => String(index + 1));
    for (const id of ids) await publish('deal.created', { id });
    await expect.poll(() => readRuns().length).toBeGreaterThan(1);
    await host?.stop();
    const before = readRuns();
    expect(before.length).toBeLessThan(12);
    await start();
    await expect.poll(() => readRuns().length, { timeout: 20_000 }).toBe(12);
    expect(
      readRuns()
        .map((run) => run.split(' ')[1])
        .toSorted(),
    ).toEqual(ids.toSorted());
  });

  it('takes a plugin whose setup fails up again by itself or on change', async () => {
    const name = named('starter');
    write(name, { more: `setup() { throw new Error('the database is away'); },` });
    await start();
    expect(statusOf(name)).toMatchObject({ state: 'refused', reason: expect.stringContaining('setup() of') });
    write(name);
    await expectLine('plugin', { plugin: name, state: 'running' });
  });
});
