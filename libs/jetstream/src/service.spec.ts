import { startTcpProxy, startTestNats, type TcpProxy, type TestNats } from '@crm-mesh/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectNats, serveSubject, type Nats } from './index.js';

let server: TestNats;
let proxy: TcpProxy;
/** Through the proxy. */
let nats: Nats;
let client: Nats;

beforeAll(async () => {
  server = await startTestNats();
  proxy = await startTcpProxy(server.port);
  nats = await connectNats({ name: 'serves', url: proxy.url });
  client = await connectNats({ name: 'asks', url: server.url });
});
afterAll(async () => {
  proxy.release();
  await Promise.all([nats.close(), client.close()]);
  await proxy.stop();
  await server.stop();
});

it('is begun when it is heard: the first question after that is answered', async () => {
  const facts = { name: 'far-away', version: '1.0.0', description: 'far away', metadata: {} };
  proxy.stall();
  let isBegun = false;
  const beginning = serveSubject(nats, 'far.away', facts, () => Promise.resolve({ heard: true })).finally(
    () => (isBegun = true),
  );
  await expect(client.request('far.away', '')).rejects.toMatchObject({ code: 'MESH_NATS_NO_ANSWER' });
  expect(isBegun).toBe(false);
  proxy.release();
  const service = await beginning;
  expect(JSON.parse(Buffer.from(await client.request('far.away', '')).toString())).toEqual({ heard: true });
  await service.stop();
});
