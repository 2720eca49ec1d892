import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventSubject, type MeshEvent } from '@crm-mesh/contract';
import type { DeadLetter } from '@crm-mesh/delivery';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { buildTestEvent } from '@crm-mesh/sdk/testing';
import { createLogger } from '@crm-mesh/telemetry';
import { makeTempDir, startTestNats, type TestNats } from '@crm-mesh/testing';
import { startHost, type RunningHost } from './start-host.js';

const temp = makeTempDir('foreign');
const runs = join(temp.path, 'runs.txt');
let server: TestNats;
let nats: Nats;
let host: RunningHost | undefined;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'test', url: server.url });
  await ensureStreams(nats);
  mkdirSync(join(temp.path, 'plugins'));
  writeFileSync(join(temp.path, 'mesh.yaml'), '');
  writeFileSync(
    join(temp.path, 'plugins/trusting.plugin.ts'),
    `import { appendFileSync } from 'node:fs';
     import { definePlugin } from '@crm-mesh/sdk';
     export default definePlugin({ name: 'trusting', events: ['deal.*'], handle: (event) => appendFileSync(${JSON.stringify(runs)}, event.id + '\\n') });`,
  );
  const log = createLogger({ app: 'host', level: 'silent' });
  host = await startHost({ env: { NATS_URL: server.url }, cwd: temp.path, log });
});
afterAll(async () => {
  await host?.stop();
  await nats.close();
  await server.stop();
  temp.remove();
});

/** Whoever may publish can append to the stream, past the normaliser. */
it.each<[what: string, id: string, spoil: (event: MeshEvent<'deal.won'>) => object, told: RegExp]>([
  [
    'data that breaks its schema',
    '1',
    (event) => ({ ...event, data: { ...event.data, amount: { value: 12, currency: 'EUR' } } }),
    /MESH_EVENT_INVALID: .*amount\.value must be a decimal text.*Mend the field that the message names/,
  ],
  [
    'data without its changes',
    '2',
    (event) => ({ ...event, data: { ...event.data, changes: undefined } }),
    /MESH_EVENT_INVALID: .*changes is missing.*Mend the field/,
  ],
  [
    "another record's data",
    '3',
    (event) => ({ ...event, data: { ...event.data, id: '4' } }),
    /MESH_EVENT_INVALID: .*subject does not agree/,
  ],
  [
    'an event of another type',
    '5',
    () => buildTestEvent('contact.created', { id: '5' }),
    /MESH_EVENT_INVALID: .*type is crm\.contact\.created, which "trusting" does not listen to/,
  ],
])('%s is buried, and no handler sees it', async (_, id, spoil, told) => {
  const subject = eventSubject({ tenant: 'acme', connection: 'hubspot', entity: 'deal', action: 'won', id });
  await nats.publish({ subject, payload: JSON.stringify(spoil(buildTestEvent('deal.won', { id }))), messageId: id });
  const readLetter = () => nats.getLastMessage('CRM_DEAD', `dead.trusting.acme.hubspot.deal.won.${id}`);
  await expect.poll(readLetter, { timeout: 15_000 }).toBeDefined();
  const letter = JSON.parse(Buffer.from((await readLetter())?.data ?? []).toString()) as DeadLetter;
  expect(letter.error.message).toMatch(told);
  expect(letter.error).toMatchObject({ code: 'MESH_EVENT_INVALID' });
  expect(existsSync(runs)).toBe(false);
});
