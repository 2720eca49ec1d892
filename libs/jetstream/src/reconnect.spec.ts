import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startTcpProxy, startTestNats, type TcpProxy, type TestNats } from '@crm-mesh/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { connectNats, type Nats, type NatsLog } from './index.js';
import { linkOf } from './nats.js';

/** Where the client gives up unless it is told not to: after 10 attempts, and after 2 refused logins. */
const MORE_THAN_TEN = 12;
const RECONNECT_WAIT_MS = 20;

let server: TestNats;
let proxy: TcpProxy;
beforeAll(async () => {
  server = await startTestNats();
});
afterAll(() => server?.stop());
beforeEach(async () => {
  proxy = await startTcpProxy(server.port);
});
afterEach(() => proxy.stop());

async function open(options: Partial<Parameters<typeof connectNats>[0]>): Promise<Nats> {
  const nats = await connectNats({ name: 'me', url: proxy.url, reconnectWaitMs: RECONNECT_WAIT_MS, ...options });
  onTestFinished(() => nats.close());
  return nats;
}

/** How often the client tells the status. */
function count(nats: Nats, type: string): () => number {
  let times = 0;
  void (async () => {
    for await (const status of linkOf(nats).nc.status()) if (status.type === type) times += 1;
  })();
  return () => times;
}

function record(): { log: NatsLog; count: (text: string) => number } {
  const lines: string[] = [];
  const add = (fields: object, message: string): void => void lines.push(JSON.stringify({ ...fields, message }));
  const log = { debug: add, info: add, warn: add, error: add };
  return { log, count: (text) => lines.filter((line) => line.includes(text)).length };
}

describe('a connection', () => {
  it('is tried again more often than the client would by itself', async () => {
    const nats = await open({});
    const attempts = count(nats, 'reconnecting');
    proxy.refuse();
    await expect.poll(attempts, { timeout: 10_000 }).toBeGreaterThan(MORE_THAN_TEN);
    proxy.allow();
    await expect.poll(() => nats.connected, { timeout: 5_000 }).toBe(true);
  });

  it('outlives logins that are refused while credentials are being changed', async () => {
    const users = (password: string): object => ({ users: [{ user: 'me', password }] });
    const guarded = await startTestNats({ settings: { authorization: users('first') } });
    onTestFinished(() => guarded.stop());
    const reload = (password: string): void => {
      const file = join(guarded.storeDir, 'nats-server.conf');
      const config = JSON.parse(readFileSync(file, 'utf8')) as object;
      writeFileSync(file, JSON.stringify({ ...config, authorization: users(password) }));
      process.kill(guarded.pid(), 'SIGHUP');
    };
    const { log, count: countLines } = record();
    const nats = await open({ url: guarded.url.replace('//', '//me:first@'), log });
    reload('second');
    await expect.poll(() => countLines('Authorization Violation'), { timeout: 10_000 }).toBeGreaterThan(2);
    reload('first');
    await expect.poll(() => nats.connected, { timeout: 5_000 }).toBe(true);
  });

  it('is noticed to be dead where no byte comes through any more', async () => {
    const { log, count: countLines } = record();
    const nats = await open({ pingIntervalMs: 100, log });
    proxy.stall();
    await expect.poll(() => countLines('does not answer pings'), { timeout: 5_000 }).toBe(1);
    proxy.release();
    await expect.poll(() => nats.connected, { timeout: 5_000 }).toBe(true);
  });
});
