import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTcpProxy, type TcpProxy } from './index.js';

let echo: Server;
let proxy: TcpProxy;
beforeAll(async () => {
  echo = createServer((socket) => void socket.on('error', () => undefined).pipe(socket));
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
});
afterAll(() => void echo.close());
beforeEach(async () => {
  proxy = await startTcpProxy((echo.address() as AddressInfo).port);
});
afterEach(() => proxy.stop());

async function connect(): Promise<{ socket: Socket; received: () => string; closed: () => boolean }> {
  const socket = createConnection({ port: proxy.port, host: '127.0.0.1' });
  let text = '';
  let closed = false;
  socket
    .on('data', (data) => (text += data.toString()))
    .on('error', () => undefined)
    .on('close', () => (closed = true));
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined);
  return { socket, received: () => text, closed: () => closed };
}

describe('startTcpProxy', () => {
  it('relays both ways', async () => {
    const client = await connect();
    client.socket.write('hello');
    await expect.poll(client.received).toBe('hello');
    expect(proxy.open()).toBe(1);
  });

  it('cuts what is open and takes new connections', async () => {
    const first = await connect();
    await expect.poll(proxy.open).toBe(1);
    proxy.cut();
    await expect.poll(first.closed).toBe(true);
    const second = await connect();
    second.socket.write('again');
    await expect.poll(second.received).toBe('again');
  });

  it('refuses until it is told to allow', async () => {
    proxy.refuse();
    const refused = await connect();
    await expect.poll(refused.closed).toBe(true);
    proxy.allow();
    const allowed = await connect();
    allowed.socket.write('x');
    await expect.poll(allowed.received).toBe('x');
  });

  it('holds bytes back while stalled and loses none', async () => {
    const client = await connect();
    client.socket.write('a');
    await expect.poll(client.received).toBe('a');
    proxy.stall();
    client.socket.write('b');
    const during = await connect();
    during.socket.write('c');
    await expect.poll(proxy.open).toBe(2);
    expect([client.received(), during.received()]).toEqual(['a', '']);
    proxy.release();
    await expect.poll(client.received).toBe('ab');
    await expect.poll(during.received).toBe('c');
  });
});
