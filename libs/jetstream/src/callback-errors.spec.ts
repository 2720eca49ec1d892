import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MeshError } from '@crm-mesh/contract';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from 'vitest';
import { asHeaders } from './encode-headers.js';
import {
  connectNats,
  ensureStreams,
  requestControl,
  settle,
  type Nats,
  type NatsLog,
  type PullNotice,
} from './index.js';
import { JetStreamStrategy } from './nest.js';
import { linkOf } from './nats.js';

/*
 * An error that leaves a callback of the client ends the client's reader without a sign: the connection looks well, and
 * nothing comes any more. So each test also asks for something afterwards.
 */

const MAX_PAYLOAD = 2_048;
const users = (subscribe: string[]): object => ({
  users: [
    { user: 'boss', password: 'x' },
    { user: 'app', password: 'x', permissions: { publish: ['>'], subscribe } },
  ],
});

let server: TestNats;
let boss: Nats;
let app: Nats;
let lines: string[] = [];
const add = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
const log: NatsLog = { debug: add, info: add, warn: add, error: add };
const logged = (): string => lines.join('\n');

beforeAll(async () => {
  server = await startTestNats({ settings: { max_payload: MAX_PAYLOAD, authorization: users(['>']) } });
  const withUser = (user: string): string => server.url.replace('//', `//${user}:x@`);
  boss = await connectNats({ name: 'boss', url: withUser('boss') });
  app = await connectNats({ name: 'app', url: withUser('app'), log });
  await ensureStreams(boss);
});
afterAll(async () => {
  await Promise.all([app?.close(), boss?.close()]);
  await server?.stop();
});
beforeEach(() => void (lines = []));

it('a status that cannot be read leaves the pull alive', async () => {
  const inbox = await new Promise<string>((resolve) => {
    // The pull tells its inbox to whoever listens to its requests.
    const requests = linkOf(boss).nc.subscribe('$JS.API.CONSUMER.MSG.NEXT.CRM_RAW.reader', {
      callback: (_, { reply = '' }) => resolve(reply),
    });
    onTestFinished(() => requests.unsubscribe());
    void boss.flush().then(startReading);
  });
  linkOf(boss).nc.publish(inbox, '', { headers: asHeaders(Buffer.from('NATS/1.0\r\na: x\ny\r\n\r\n')) });
  await expect.poll(logged).toContain('a delivery cannot be read');
  await boss.publish({ subject: 'raw.t.c.contact.1', payload: 'hello', messageId: '1' });
  await expect.poll(() => read).toEqual(['hello']);
});

const read: string[] = [];
async function startReading(): Promise<void> {
  await boss.ensureDurable({
    ...{ stream: 'CRM_RAW', name: 'reader', description: 'a test', filterSubject: 'raw.t.>', startFrom: 'all' },
    ...{ ackWaitMs: 5_000, maxAckPending: 100, metadata: {} },
  });
  const onNotice = (notice: PullNotice): void => add(notice, 'notice');
  const pull = await app.pull('CRM_RAW', 'reader', { maxMessages: 10, onNotice });
  onTestFinished(() => pull.stop());
  for await (const delivery of pull) {
    read.push(Buffer.from(delivery.data).toString());
    settle(delivery, 'ack');
  }
}

it('an answer that cannot be sent leaves the control service alive', async () => {
  const description = 'long '.repeat(MAX_PAYLOAD / 5 + 1);
  const service = new JetStreamStrategy({ nats: app, app: 'wordy', version: '1.0.0', description });
  service.addHandler('echo', async (payload: unknown) => payload);
  service.addHandler('refuse', async () => {
    throw new MeshError('MESH_USAGE', description);
  });
  await new Promise((resolve) => service.listen(resolve));
  onTestFinished(() => service.close());
  await app.flush();
  await expect(boss.request('$SRV.INFO.mesh-wordy', '', { timeoutMs: 200 })).rejects.toThrow('MESH_NATS_NO_ANSWER');
  expect(logged()).toContain('a NATS service cannot serve');
  await expect(requestControl(boss, 'wordy', 'refuse', {}, { timeoutMs: 200 })).rejects.toThrow('MESH_NATS_NO_ANSWER');
  expect(logged()).toContain('a control request could not be answered');
  expect(await requestControl(boss, 'wordy', 'echo', 'still here')).toBe('still here');
});

it('an inbox that is taken away leaves the connection alive, and is told', async () => {
  const file = join(server.storeDir, 'nats-server.conf');
  const config = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...config, authorization: users(['still.>']) }));
  process.kill(server.pid(), 'SIGHUP');
  await expect.poll(logged, { timeout: 5_000 }).toContain('NATS refuses the inbox for publish acks');
  const heard: string[] = [];
  linkOf(app).nc.subscribe('still.here', { callback: (_, { subject }) => void heard.push(subject) });
  await app.flush();
  await expect
    .poll(() => {
      linkOf(boss).nc.publish('still.here');
      return heard.length;
    })
    .toBeGreaterThan(0);
});
