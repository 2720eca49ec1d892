import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectNats, requestEvery, type Nats } from './index.js';
import { linkOf } from './nats.js';
import { ServiceEndpoint } from './service-endpoint.js';
import { Service } from './service.js';

let server: TestNats;
let nats: Nats;
let release: () => void;
const released = new Promise<void>((resolve) => void (release = resolve));

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'test', url: server.url });
  await serve({ name: 'quick' });
  await serve({ name: 'slow', after: released });
  await serve({ name: 'failing', after: Promise.reject(new Error('not now')) });
  await nats.flush();
});
afterAll(async () => {
  await nats.close();
  await server.stop();
});

async function serve({ name, after }: { name: string; after?: Promise<void> }): Promise<void> {
  after?.catch(() => undefined);
  const endpoint = new ServiceEndpoint('look', 'mesh.ctl.host.look', async () => {
    await after;
    return { name };
  });
  const facts = { name: 'host', version: '1.0.0', description: 'A host', metadata: {} };
  await new Service(linkOf(nats), { ...facts, app: 'host', answersEvery: true }, [endpoint]).start();
}

const ask = (isEnough: (answers: readonly { name: string }[]) => boolean) =>
  requestEvery<{ name: string }>(nats, 'host', 'look', {}, { timeoutMs: 20_000, isEnough });

it('waits for nobody else once the answers are enough', async () => {
  expect(await ask((answers) => answers.length === 1)).toEqual([{ name: 'quick' }]);
});

it('has the answers of all, but for what one of them could not answer', async () => {
  const answers = await ask((found) => {
    release();
    return found.length === 2;
  });
  expect(answers.map(({ name }) => name).toSorted()).toEqual(['quick', 'slow']);
});

it('has none where nobody runs it', async () => {
  expect(await requestEvery(nats, 'nobody', 'look')).toEqual([]);
});
