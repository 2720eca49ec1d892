import { chmodSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { MeshError } from '@crm-mesh/contract';
import { makeTempDir, startTcpProxy, startTestNats, type TempDir, type TestNats } from '@crm-mesh/testing';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { connectNats, ensureStreams, type NatsLog } from './index.js';
import { linkOf } from './nats.js';

let server: TestNats;
let guarded: TestNats;
let temp: TempDir;
const PASSWORD = 'p@ss/w:rd';

beforeAll(async () => {
  temp = makeTempDir('connect');
  const users = [
    { user: 'boss', password: PASSWORD },
    {
      user: 'weak',
      password: 'weak',
      permissions: { publish: ['$JS.API.INFO', '$JS.API.STREAM.INFO.*', 'raw.ok'], subscribe: ['_INBOX_weak.>'] },
    },
  ];
  [server, guarded] = await Promise.all([startTestNats(), startTestNats({ settings: { authorization: { users } } })]);
});
afterAll(async () => {
  await Promise.all([server?.stop(), guarded?.stop()]);
  temp.remove();
});

function record(): { log: NatsLog; text: () => string } {
  const lines: unknown[] = [];
  const add = (fields: object, message: string): void => void lines.push({ ...fields, message });
  return { log: { debug: add, info: add, warn: add, error: add }, text: () => JSON.stringify(lines) };
}

async function failure(connecting: Promise<unknown>): Promise<MeshError> {
  const error: unknown = await connecting.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MeshError);
  return error as MeshError;
}

/** The user and password in front of a server's address. */
function withUser(url: string, user: string, password: string): string {
  return url.replace('//', `//${encodeURIComponent(user)}:${encodeURIComponent(password)}@`);
}

describe('connectNats', () => {
  it('knows its server', async () => {
    const nats = await connectNats({ name: 'me', url: server.url });
    expect(nats).toMatchObject({ connected: true, serverUrl: server.url, maxPayloadBytes: 1_048_576 });
    expect(nats.serverVersion).toMatch(/^2\.\d+\.\d+/);
    await nats.close();
    expect(nats.connected).toBe(false);
    await nats.close();
  });

  it('takes the server of a list that answers', async () => {
    const nats = await connectNats({ name: 'me', url: `nats://127.0.0.1:1, ${server.url}`, connectTimeoutMs: 5_000 });
    expect(nats.serverUrl).toBe(server.url);
    await nats.close();
  });

  it('gives up after connectTimeoutMs and says where it tried', async () => {
    const started = performance.now();
    const url = 'nats://someone:secret-word@127.0.0.1:1';
    const error = await failure(connectNats({ name: 'me', url, connectTimeoutMs: 700 }));
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(error).toMatchObject({ code: 'MESH_NATS_UNAVAILABLE' });
    expect(error.message).toContain('nats://127.0.0.1:1');
    expect(error.message).not.toContain('secret-word');
  });

  it('waits for a server that comes later, and says so', async () => {
    const proxy = await startTcpProxy(server.port);
    proxy.refuse();
    const { log, text } = record();
    const connecting = connectNats({ name: 'me', url: proxy.url, log });
    await expect.poll(text).toContain('cannot be reached yet');
    proxy.allow();
    const nats = await connecting;
    expect(nats.connected).toBe(true);
    await nats.close();
    await proxy.stop();
  });

  it('reconnects for ever, tells its listeners and remembers the server while it is away', async () => {
    const { log, text } = record();
    const nats = await connectNats({ name: 'me', url: server.url, log });
    let reconnects = 0;
    const stop = nats.onReconnect(() => (reconnects += 1));
    nats.onReconnect(() => {
      throw new Error('a bad listener');
    });
    await server.kill();
    await expect.poll(() => nats.connected).toBe(false);
    expect(nats).toMatchObject({ maxPayloadBytes: 1_048_576 });
    expect(nats.serverVersion).toMatch(/^2\./);
    await server.restart();
    await expect.poll(() => nats.connected, { timeout: 10_000 }).toBe(true);
    expect(reconnects).toBe(1);
    expect(text()).toContain('NATS is disconnected');
    expect(text()).toContain('NATS is connected again');
    stop();
    await linkOf(nats).nc.reconnect();
    await expect.poll(() => text().split('NATS is connected again').length).toBe(3);
    expect(reconnects).toBe(1);
    await nats.close();
  });

  it('refuses a url that is wrong without repeating it', async () => {
    for (const url of ['http://u:secret-word@x', 'nats://u:secret-word@', 'nats://u:secret-word@host:99999', '']) {
      const error = await failure(connectNats({ name: 'me', url }));
      expect(error).toMatchObject({ code: 'MESH_CONFIG_INVALID' });
      expect(error.message).not.toContain('secret-word');
    }
    await expect(failure(connectNats({ name: 'me', url: 'nats://a', context: 'b' }))).resolves.toMatchObject({
      code: 'MESH_CONFIG_INVALID',
    });
  });

  it('says that JetStream is off, and that the server is too old', async () => {
    const proxied = await startFakeServer(server.port, (info) =>
      info.replace(/"version":"[^"]+"/, '"version":"2.11.9"'),
    );
    onTestFinished(() => void proxied.server.close());
    expect(await failure(connectNats({ name: 'me', url: proxied.url }))).toMatchObject({
      code: 'MESH_NATS_TOO_OLD',
      what: expect.stringContaining('2.11.9') as string,
    });
    const accounts = { plain: { users: [{ user: 'p', password: 'p' }] } };
    const off = await startTestNats({ settings: { accounts } });
    onTestFinished(() => off.stop());
    const error = await failure(connectNats({ name: 'me', url: withUser(off.url, 'p', 'p') }));
    expect(error).toMatchObject({
      code: 'MESH_NATS_UNAVAILABLE',
      what: expect.stringContaining('JetStream') as string,
    });
  });
});

describe('a connection with a login', () => {
  it('takes user and password from the url, and keeps them out of logs', async () => {
    const { log, text } = record();
    const nats = await connectNats({ name: 'me', url: withUser(guarded.url, 'boss', PASSWORD), log });
    expect(nats.serverUrl).toBe(guarded.url);
    await guarded.restart();
    await expect.poll(() => nats.connected, { timeout: 10_000 }).toBe(true);
    expect(text()).not.toContain(PASSWORD);
    expect(text()).not.toContain('boss');
    await nats.close();
  });

  it('fails at once, by name, when it is refused', async () => {
    const url = withUser(guarded.url, 'boss', 'wrong-word');
    const error = await failure(connectNats({ name: 'me', url }));
    expect(error).toMatchObject({ code: 'MESH_NATS_REFUSED' });
    expect(error.message).not.toContain('wrong-word');
    expect(await failure(connectNats({ name: 'me', url: guarded.url }))).toMatchObject({ code: 'MESH_NATS_REFUSED' });
  });

  it('takes a context of the nats CLI, with references', async () => {
    const file = join(temp.path, 'ctx.json');
    process.env['TEST_NATS_PASSWORD'] = PASSWORD;
    writeFileSync(
      file,
      JSON.stringify({ url: guarded.url, user: 'boss', password: 'env://TEST_NATS_PASSWORD', creds: '' }),
    );
    chmodSync(file, 0o400);
    const nats = await connectNats({ name: 'me', context: file });
    expect(nats.connected).toBe(true);
    await nats.close();
    delete process.env['TEST_NATS_PASSWORD'];
  });

  it('names the right that is missing, at once, and goes on', async () => {
    const file = join(temp.path, 'weak.json');
    writeFileSync(
      file,
      JSON.stringify({ url: guarded.url, user: 'weak', password: 'weak', inbox_prefix: '_INBOX_weak' }),
    );
    const boss = await connectNats({ name: 'boss', url: withUser(guarded.url, 'boss', PASSWORD) });
    await ensureStreams(boss);
    const { log, text } = record();
    const weak = await connectNats({ name: 'weak', context: file, log });
    const started = performance.now();
    await expect(weak.publish({ subject: 'raw.no', payload: '', messageId: '1' })).rejects.toMatchObject({
      retryClass: 'transient',
      code: 'MESH_NATS_FORBIDDEN',
      message: "The NATS user may not publish to 'raw.no'.",
    });
    await expect(weak.deleteDurable('CRM_RAW', 'x')).rejects.toMatchObject({ code: 'MESH_NATS_FORBIDDEN' });
    await expect(weak.request('other', '')).rejects.toMatchObject({ code: 'MESH_NATS_FORBIDDEN' });
    expect(performance.now() - started).toBeLessThan(2_000);
    await expect(weak.publish({ subject: 'raw.ok', payload: '', messageId: '2' })).resolves.toMatchObject({
      stream: 'CRM_RAW',
    });
    expect(text()).toContain('Permissions Violation');
    await Promise.all([weak.close(), boss.close()]);
  });
});

describe('request', () => {
  it('answers, or says that nobody does', async () => {
    const nats = await connectNats({ name: 'me', url: server.url });
    linkOf(nats).nc.subscribe('silent', { callback: () => undefined });
    linkOf(nats).nc.subscribe('echo', { callback: (_, message) => void message.respond(message.data) });
    expect(Buffer.from(await nats.request('echo', 'hi')).toString()).toBe('hi');
    await expect(nats.request('nobody', '')).rejects.toMatchObject({
      code: 'MESH_NATS_NO_ANSWER',
      what: "Nobody listens on 'nobody'.",
    });
    await expect(nats.request('silent', '', { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'MESH_NATS_NO_ANSWER',
      what: "No answer on 'silent' within 50 ms.",
    });
    await nats.close();
    await expect(nats.request('echo', '')).rejects.toMatchObject({ code: 'MESH_NATS_NO_ANSWER' });
    await expect(nats.streamState('CRM_RAW')).rejects.toMatchObject({ code: 'MESH_NATS_NO_ANSWER' });
  });
});

/** A real server whose greeting is changed on the way. */
async function startFakeServer(
  port: number,
  change: (info: string) => string,
): Promise<{ url: string; server: Server }> {
  const { createConnection } = await import('node:net');
  const fake = createServer((near) => {
    const far = createConnection({ port, host: '127.0.0.1' });
    near.on('error', () => far.destroy()).pipe(far);
    // It greets once more after the login.
    far.on('error', () => near.destroy()).on('data', (chunk) => near.write(change(chunk.toString())));
  });
  await new Promise<void>((resolve) => fake.listen(0, '127.0.0.1', resolve));
  return { url: `nats://127.0.0.1:${(fake.address() as AddressInfo).port}`, server: fake };
}
