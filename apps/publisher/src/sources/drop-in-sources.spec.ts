import { createHmac } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { connectNats, type Nats } from '@crm-mesh/jetstream';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { createLogger, type Logger } from '@crm-mesh/telemetry';
import request from 'supertest';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CLOUD_EVENT_HEADERS, makeCloudEvent, makeConfig, quietLog, type TestConfig } from '../publisher.fixture.js';
import { startPublisher, type RunningPublisher } from '../start-publisher.js';

let server: TestNats;
let nats: Nats;
let test: TestConfig | undefined;
let publisher: RunningPublisher | undefined;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'drop-in-sources-spec', url: server.url });
});
afterEach(async () => {
  await publisher?.stop();
  publisher = undefined;
  test?.remove();
});
afterAll(async () => {
  await nats.close();
  await server.stop();
});

/** `copies` tells the versions apart: so many notifications come of one request. */
const sourceText = ({ name = 'my-crm', copies = 1, more = '' } = {}): string => `
import { defineSource } from '@crm-mesh/sdk';
import { equalsInConstantTime, parseJsonBody } from '@crm-mesh/sdk/kit';
import { IsString } from 'class-validator';

class Config { @IsString() token!: string; ${more} }

export default defineSource<Config>({
  name: '${name}',
  config: Config,
  verify: ({ headers }, { config }) =>
    equalsInConstantTime(headers['x-token'] ?? '', config.token)
      ? { ok: true, scheme: 'my-crm' }
      : { ok: false, code: 'credentials-mismatch', reason: 'no' },
  split: ({ body }) => {
    const { id } = parseJsonBody(body) as { id: string };
    return Array.from({ length: ${copies} }, (_, copy) => ({
      entity: 'contact', id: id + '-' + copy, change: 'updated' as const, dedupeKey: id + '/' + copy, payload: {},
    }));
  },
  map: ({ notification }) => ({ state: 'present', record: { id: notification.id, name: 'Ada' } }),
});
`;

const OURS = { tenant: 'acme', name: 'ours', source: 'my-crm', config: { token: 'let me in' } };
const SHOP = { tenant: 'acme', name: 'shop', source: 'cloudevents', config: { tokens: ['a-bearer-token'] } };

function write(file: string, text: string): string {
  const path = join(test!.config.dataDir, '../plugins', file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** Lines of the log that say what became of a source. */
const lines: { message: string; [key: string]: unknown }[] = [];

function listen(): Logger {
  lines.length = 0;
  const note = (fields: object, message: string): void => void lines.push({ ...fields, message });
  const log = createLogger({ app: 'publisher', level: 'silent' });
  return Object.assign(Object.create(log) as Logger, { info: note, warn: note, error: note });
}

async function start(files: Record<string, string>): Promise<void> {
  test = makeConfig({ connections: [OURS, SHOP] });
  for (const [file, text] of Object.entries(files)) write(file, text);
  publisher = await startPublisher({ config: test.config, nats: { url: server.url }, log: listen() });
}

let count = 0;
const post = (): request.Test => {
  const body = JSON.stringify({ id: `c${++count}` });
  const headers = { 'content-type': 'application/json', 'x-token': 'let me in' };
  return request(publisher!.url).post('/webhooks/acme/ours').set(headers).send(body);
};
const postToShop = (): request.Test =>
  request(publisher!.url)
    .post('/webhooks/acme/shop')
    .set(CLOUD_EVENT_HEADERS)
    .send(JSON.stringify(makeCloudEvent('contact.updated', { id: `s${++count}`, name: 'Bo' })));

const findLine = (state: string) => lines.filter((line) => line.message === 'source' && line['state'] === state).at(-1);
async function awaitLine(state: string): Promise<void> {
  await expect.poll(() => findLine(state), { timeout: 10_000 }).toBeDefined();
}

describe('a source in a plugin folder', () => {
  it('serves its connections, to the event', async () => {
    await start({ 'my-crm.source.ts': sourceText() });
    expect((await post()).body).toEqual({ accepted: 1, duplicates: 0 });
    expect((await post().set('x-token', 'no')).status).toBe(401);
    await expect
      .poll(async () => (await nats.streamState('CRM_EVENTS')).lastSequence, { timeout: 10_000 })
      .toBeGreaterThan(0);
  });

  it('is replaced when its file changes, and stays when the new one is wrong', async () => {
    await start({ 'my-crm.source.ts': sourceText() });
    write('my-crm.source.ts', sourceText({ copies: 2 }));
    await expect.poll(async () => ((await post()).body as { accepted: number }).accepted, { timeout: 10_000 }).toBe(2);

    lines.length = 0;
    const file = write('my-crm.source.ts', sourceText({ copies: 3 }).replace('map:', 'mapp:'));
    await awaitLine('refused');
    expect(findLine('refused')).toMatchObject({
      source: 'my-crm',
      reason: `${file}: map: is missing; mapp: is not known.`,
      cure: expect.stringContaining('Did you mean "map"?'),
      running: expect.any(String),
    });
    expect((await post()).body).toEqual({ accepted: 2, duplicates: 0 });

    lines.length = 0;
    write('my-crm.source.ts', sourceText({ copies: 3, more: '@IsString() region!: string;' }));
    await awaitLine('refused');
    expect(findLine('refused')?.['reason']).toContain('connections[0].config.region');
    expect((await post()).body).toEqual({ accepted: 2, duplicates: 0 });

    lines.length = 0;
    rmSync(file);
    await awaitLine('removed');
    expect((await post()).body).toEqual({ accepted: 2, duplicates: 0 });
  });

  it('is refused alone: its own connections answer 503 until it is mended, the others are served', async () => {
    await start({ 'my-crm.source.ts': 'export default 1;' });
    const refused = await post();
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toBe('5');
    expect(refused.body).toMatchObject({ code: 'MESH_SOURCE_INVALID' });
    expect(refused.text).not.toContain('.ts');
    expect((await postToShop()).status).toBe(202);
    expect(findLine('refused')?.['reason']).toContain('default export: was not made by defineSource');

    write('my-crm.source.ts', sourceText());
    await expect.poll(async () => (await post()).status, { timeout: 10_000 }).toBe(202);
  });

  it.each([
    ['a shipped source', { 'cloudevents.source.ts': sourceText({ name: 'cloudevents' }) }, 'comes with the mesh'],
    ['another file', { 'a/index.source.ts': '', 'my-crm/index.source.ts': sourceText() }, 'my-crm.source.ts'],
  ])('cannot have the name of %s', async (_, files, reason) => {
    await start({ 'my-crm.source.ts': sourceText({ copies: 2 }), ...files });
    const lastRefusal = lines.filter(({ state, source }) => state === 'refused' && source !== 'a').at(-1);
    expect(JSON.stringify(lastRefusal?.['reason'])).toContain(reason);
    expect((await post()).status).toBe(202);
    expect((await postToShop()).status).toBe(202);
  });

  it('may be the example for Close, where it lies', async () => {
    const key = 'ab'.repeat(32);
    const close = { tenant: 'acme', name: 'close', source: 'close', config: { signatureKeys: [key], apiKey: 'k' } };
    const root = join(import.meta.dirname, '../../../..');
    test = makeConfig({ pluginFolders: [join(root, 'examples/close-source')], connections: [close] });
    publisher = await startPublisher({ config: test.config, nats: { url: server.url }, log: quietLog });
    const body = readFileSync(join(root, 'test/samples/close/signed/opportunity-closed-won.raw.json'));
    const timestamp = String(Math.floor(Date.now() / 1000));
    const hash = createHmac('sha256', Buffer.from(key, 'hex')).update(timestamp).update(body).digest('hex');
    const headers = { 'content-type': 'application/json', 'close-sig-timestamp': timestamp, 'close-sig-hash': hash };
    const answer = await request(publisher.url).post('/webhooks/acme/close').set(headers).send(body.toString());
    expect(answer.body).toEqual({ accepted: 1, duplicates: 0 });
  });

  it('that does not exist is a mistake in mesh.yaml, which names those that do', async () => {
    test = makeConfig({ connections: [{ ...OURS, source: 'my-crmm' }] });
    write('my-crm.source.ts', sourceText());
    const started = startPublisher({ config: test.config, nats: { url: server.url }, log: quietLog });
    await expect(started).rejects.toThrow('Did you mean "my-crm"?');
  });
});
