import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { eventSubject } from '@crm-mesh/contract';
import { connectNats, ensureStreams, requestControl, type Nats } from '@crm-mesh/jetstream';
import { buildTestEvent } from '@crm-mesh/sdk/testing';
import { createLogger } from '@crm-mesh/telemetry';
import { makeTempDir, startTestNats, type TempDir, type TestNats } from '@crm-mesh/testing';
import { startHost, type RunningHost } from './start-host.js';

let server: TestNats;
let nats: Nats;
let temp: TempDir;
let host: RunningHost;
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
  temp = makeTempDir('policies');
  mkdirSync(join(temp.path, 'plugins'));
  tests++;
});
afterEach(async () => {
  await host.stop();
  temp.remove();
});

/** Durables outlive a test, so each has a plugin of its own. */
const name = (): string => `policy-${tests}`;
const lines = (): string[] => {
  const file = join(temp.path, 'runs.txt');
  return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
};
const status = () => host.plugins()[0];

/** Each batch is one line of `runs.txt`. */
function writeBatching(more: string, body = ''): void {
  write(`${more}
    handleBatch(events, { idempotencyKey, attempt }) {
      appendFileSync(runs, events.map((event) => event.data.id + '@' + event.recordversion).join(' ') + '\\n');
      void [idempotencyKey(events[0]), attempt];
      ${body}
    }`);
}

function writeSingle(more: string, body = ''): void {
  write(`${more} handle(event) { appendFileSync(runs, event.data.id + '\\n'); ${body} }`);
}

function write(fields: string): void {
  const text = `
    import { appendFileSync } from 'node:fs';
    import { definePlugin, PermanentError } from '@crm-mesh/sdk';
    void PermanentError;
    const runs = ${JSON.stringify(join(temp.path, 'runs.txt'))};
    export default definePlugin({ name: '${name()}', events: ['deal.*'], ${fields} });`;
  writeFileSync(join(temp.path, 'plugins', `${name()}.plugin.ts`), text);
}

async function start(delivery?: unknown): Promise<void> {
  const config = delivery === undefined ? {} : { plugins: { [name()]: { delivery } } };
  writeFileSync(join(temp.path, 'mesh.yaml'), JSON.stringify(config));
  const log = createLogger({ app: 'host', level: 'silent' });
  host = await startHost({ env: { NATS_URL: server.url }, cwd: temp.path, log });
}

async function publish(id: string, version = 1, payload?: string): Promise<void> {
  const address = { tenant: name(), connection: 'hubspot', entity: 'deal', action: 'created', id };
  const event = buildTestEvent('deal.created', { id }, { tenant: name(), version });
  await nats.publish({
    subject: eventSubject(address),
    payload: payload ?? JSON.stringify(event),
    messageId: event.id,
  });
}

async function deadLetters(): Promise<string[]> {
  const found = [];
  for await (const { subject } of nats.readStream('CRM_DEAD', { fromSequence: 1, filterSubject: `dead.${name()}.>` }))
    found.push(subject.split('.').at(-1)!);
  return found;
}

async function settled(): Promise<void> {
  const countUnsettled = async (): Promise<number | undefined> => {
    const state = await nats.durableState('CRM_EVENTS', name());
    return state && state.pending + state.ackPending;
  };
  await expect.poll(countUnsettled, { timeout: 20_000 }).toBe(0);
}

describe('handleBatch', () => {
  it('gets what came as one batch, names what failed, and is spared what cannot be read', async () => {
    writeBatching(
      `delivery: { preset: 'stream', startFrom: 'new', batch: { waitMs: 300 }, backoff: { initialMs: 10, maxMs: 10 } },`,
      `return { failed: events.filter(({ data }) => data.id === 'bad').map(({ id }) => ({ id, error: new PermanentError('no') })) };`,
    );
    await start();
    expect(await nats.durableState('CRM_EVENTS', name())).toMatchObject({ ack: 'all' });
    for (const id of ['a', 'bad', 'b']) await publish(id);
    await publish('garbled', 1, '{');
    await publish('a', 2);
    await settled();
    expect(lines()).toEqual(['a@1 a@2 bad@1 b@1']);
    // Of two lanes: in either order.
    expect((await deadLetters()).toSorted()).toEqual(['bad', 'garbled']);
  });

  it('takes bounds and another policy from mesh.yaml', async () => {
    writeBatching(`delivery: 'stream',`);
    await start({ preset: 'queue', startFrom: 'new', batch: { size: 2, waitMs: 100 } });
    expect(await nats.durableState('CRM_EVENTS', name())).toMatchObject({ ack: 'explicit' });
    for (const id of ['a', 'b', 'c', 'd']) await publish(id);
    await settled();
    expect(lines().every((line) => line.split(' ').length <= 2)).toBe(true);
    expect(lines().join(' ').split(' ').toSorted()).toEqual(['a@1', 'b@1', 'c@1', 'd@1']);
  });

  it('runs in the thread that is asked for beside a preset', async () => {
    writeBatching(
      `delivery: { preset: 'stream', startFrom: 'new', isolation: 'inline', batch: { waitMs: 100 } },`,
      `globalThis.ranInHost = true;`,
    );
    await start();
    await publish('a');
    await settled();
    expect(lines()).toEqual(['a@1']);
    expect(globalThis).toHaveProperty('ranInHost', true);
    Reflect.deleteProperty(globalThis, 'ranInHost');
  });

  it('that ends its worker: its events run alone, and the one that did it is buried', { timeout: 60_000 }, async () => {
    writeBatching(
      `delivery: { preset: 'stream', startFrom: 'new', batch: { waitMs: 300 } },`,
      `if (events.some(({ data }) => data.id === 'bad')) process.exit(3);`,
    );
    await start();
    for (const id of ['a', 'bad', 'b']) await publish(id);
    await expect.poll(deadLetters, { timeout: 45_000 }).toEqual(['bad']);
    await settled();
    expect(lines()[0]).toBe('a@1 bad@1 b@1');
    expect(lines().slice(1).toSorted()).toEqual(['a@1', 'b@1', 'bad@1', 'bad@1', 'bad@1']);
    await publish('a', 2);
    await publish('b', 2);
    await settled();
    expect(lines().at(-1)).toBe('a@2 b@2');
  });

  it('has no limits of single runs, also where mesh.yaml asks for them', async () => {
    writeBatching(`delivery: 'stream',`);
    await start({ rateLimit: { perSecond: 5 } });
    expect(status()).toMatchObject({
      state: 'refused',
      reason: expect.stringContaining(`plugins.${name()}.delivery.rateLimit: does not go with handleBatch`),
    });
  });

  it('is what ack "all" needs, also where mesh.yaml asks for it', async () => {
    writeSingle('');
    await start('stream');
    expect(status()).toMatchObject({
      state: 'refused',
      reason: expect.stringContaining(`plugins.${name()}.delivery.ack: is "all", which needs handleBatch`),
    });
  });
});

describe('ack policies', () => {
  it('none runs an event once, and makes no dead letter of what fails', async () => {
    writeSingle(`delivery: { ack: 'none' },`, `throw new Error('no');`);
    await start();
    await publish('a');
    await publish('b');
    await expect.poll(() => status()?.consumer, { timeout: 10_000 }).toMatchObject({ dropped: 2, held: 0 });
    expect(lines()).toEqual(['a', 'b']);
    expect(await deadLetters()).toEqual([]);
    expect(await nats.durableState('CRM_EVENTS', name())).toMatchObject({ ack: 'none', pending: 0 });
  });

  it('cannot be changed under a durable: refused, with the way to go on where it is', async () => {
    writeSingle('');
    await start();
    await publish('a');
    await settled();
    const { ackFloorSequence } = (await nats.durableState('CRM_EVENTS', name()))!;
    writeSingle(`delivery: { ack: 'none' },`);
    await expect.poll(() => status()?.reason, { timeout: 15_000 }).toContain('has the ack policy "explicit"');
    expect(status()?.cure).toContain(`nats consumer rm CRM_EVENTS ${name()} --force`);
    expect(status()?.cure).toContain(`sequence: ${ackFloorSequence + 1}`);
    expect(status()?.state).toBe('running');
    await host.stop();
    await nats.deleteDurable('CRM_EVENTS', name());
    await publish('b');
    await start({ startFrom: { sequence: ackFloorSequence + 1 } });
    await expect.poll(lines, { timeout: 10_000 }).toEqual(['a', 'b']);
  });
});

describe('presets', () => {
  it.each([
    ['webhook', { ack: 'explicit', runs: 3 }],
    ['queue', { ack: 'explicit', runs: 5 }],
  ])('%s in one word', async (preset, { ack, runs }) => {
    writeSingle('', `throw new Error('no');`);
    await start({ preset, backoff: { initialMs: 10, maxMs: 10 } });
    expect(await nats.durableState('CRM_EVENTS', name())).toMatchObject({ ack });
    await publish('a');
    await settled();
    expect(lines()).toHaveLength(runs);
    expect(await deadLetters()).toEqual(['a']);
  });
});

describe('pause', () => {
  /** What `nats consumer pause` and `nats consumer resume` send. */
  const pauseByCli = (until: string | undefined): Promise<unknown> =>
    nats.request(`$JS.API.CONSUMER.PAUSE.CRM_EVENTS.${name()}`, JSON.stringify(until ? { pause_until: until } : {}));
  const isPausedOnServer = async () => (await nats.durableState('CRM_EVENTS', name()))?.paused;
  const untilState = async (state: string): Promise<void> => {
    await expect.poll(() => status()?.state, { timeout: 15_000 }).toBe(state);
  };

  it("by the nats CLI is the mesh's, and ends by the mesh's resume", async () => {
    writeSingle('');
    await start();
    await pauseByCli(new Date(Date.now() + 3_600_000).toISOString());
    await untilState('paused');
    await publish('a');
    await requestControl(nats, 'host', 'resume', { name: name() });
    expect(await isPausedOnServer()).toBe(false);
    await untilState('running');
    await expect.poll(lines, { timeout: 10_000 }).toEqual(['a']);
  });

  it("by the mesh is the nats CLI's, and ends by its resume", async () => {
    writeSingle('');
    await start();
    await requestControl(nats, 'host', 'pause', { name: name() });
    expect(await isPausedOnServer()).toBe(true);
    await publish('a');
    await untilState('paused');
    expect(lines()).toEqual([]);
    await pauseByCli(undefined);
    await untilState('running');
    await expect.poll(lines, { timeout: 10_000 }).toEqual(['a']);
  });

  it('outlives a restart of the host', async () => {
    writeSingle('');
    await start();
    await requestControl(nats, 'host', 'pause', { name: name() });
    await host.stop();
    await publish('a');
    await start();
    expect(status()?.state).toBe('paused');
    await requestControl(nats, 'host', 'resume', { name: name() });
    await expect.poll(lines, { timeout: 10_000 }).toEqual(['a']);
  });
});

describe('skipOrigins', () => {
  const tell = (id: string, origin: string): Promise<void> =>
    publish(id, 1, JSON.stringify({ ...buildTestEvent('deal.created', { id }, { tenant: name() }), origin }));

  it.each([
    ['the plugin says', { skipOrigins: ['backfill'] }, undefined],
    ['mesh.yaml says', {}, { skipOrigins: ['backfill'] }],
  ])('settles without running what %s, and counts it', async (_who, own, override) => {
    writeSingle(`delivery: ${JSON.stringify(own)},`);
    await start(override);
    await tell('loaded', 'backfill');
    await tell('news', 'webhook');
    await settled();
    expect(lines()).toEqual(['news']);
    await expect.poll(() => status()?.consumer).toMatchObject({ acked: 1, skipped: 1, buried: 0 });
  });

  it('passes over it in a batch', async () => {
    writeBatching(
      `delivery: { preset: 'stream', startFrom: 'new', batch: { waitMs: 300 }, skipOrigins: ['backfill'] },`,
    );
    await start();
    await tell('a', 'webhook');
    await tell('loaded', 'backfill');
    await tell('b', 'poll');
    await settled();
    expect(lines().join(' ')).toBe('a@1 b@1');
    await expect.poll(() => status()?.consumer).toMatchObject({ acked: 2, skipped: 1 });
  });
});
