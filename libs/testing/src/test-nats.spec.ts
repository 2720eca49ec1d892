import { existsSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestNats, type TestNats } from './index.js';

let nats: TestNats;
beforeAll(async () => {
  nats = await startTestNats({ monitor: true, settings: { max_payload: 4096 } });
});
afterAll(() => nats.stop());

/** What the server says first on a new connection, undefined where nothing comes. */
function readGreeting(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket: Socket = createConnection({ port, host: '127.0.0.1', timeout: 300 });
    const finish = (text?: string): void => {
      resolve(text);
      socket.destroy();
    };
    socket
      .once('data', (data) => finish(data.toString()))
      .once('error', () => finish())
      .once('timeout', () => finish());
  });
}

describe('startTestNats', () => {
  it('gives a server with JetStream and the wished settings', async () => {
    const greeting = await readGreeting(nats.port);
    expect(greeting).toContain('"jetstream":true');
    expect(greeting).toContain('"max_payload":4096');
    const health = await fetch(`http://127.0.0.1:${nats.monitorPort}/healthz`);
    expect(health.status).toBe(200);
  });

  it('is killed and comes back on the same port and store', async () => {
    const before = nats.pid();
    await nats.kill();
    expect(await readGreeting(nats.port)).toBeUndefined();
    await nats.restart();
    expect(await readGreeting(nats.port)).toContain('"jetstream":true');
    expect(nats.pid()).not.toBe(before);
  });

  it('restarts a running server in an orderly way', async () => {
    const before = nats.pid();
    await nats.restart();
    expect(nats.pid()).not.toBe(before);
    expect(await readGreeting(nats.port)).toContain('INFO');
  });

  it('can be frozen: connections are taken, nobody answers', async () => {
    await nats.pause();
    expect(await readGreeting(nats.port)).toBeUndefined();
    nats.resume();
    expect(await readGreeting(nats.port)).toContain('INFO');
  });

  it('stops even when frozen, and leaves no folder', async () => {
    const other = await startTestNats();
    await other.pause();
    await other.stop();
    expect(existsSync(other.storeDir)).toBe(false);
    expect(() => process.kill(other.pid(), 0)).toThrow('ESRCH');
  });
});
