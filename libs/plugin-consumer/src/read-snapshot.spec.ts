import { connectNats, type Nats } from '@crm-mesh/jetstream';
import { JetStreamStrategy } from '@crm-mesh/jetstream/nest';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readSnapshotFor } from './read-snapshot.js';

let server: TestNats;
let nats: Nats;
/** What the publisher answers, one after the other, and what it was asked. */
let answers: object[] = [];
const asked: unknown[] = [];

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'read-snapshot-spec', url: server.url });
  const publisher = new JetStreamStrategy({ nats, app: 'publisher', version: '1.0.0' });
  publisher.addHandler('snapshot', (request: unknown) => {
    asked.push(request);
    return Promise.resolve(answers.shift());
  });
  await new Promise((resolve) => publisher.listen(resolve));
  await nats.flush();
});
afterAll(async () => {
  await nats.close();
  await server.stop();
});

const recordOf = (name: string) => ({
  key: { tenant: 'acme', connection: 'crm', entity: 'contact', id: '7' },
  ...{ version: 2, modifiedAtMs: 0, data: { id: '7', firstName: name } },
});

it('puts the parts of a page together, and begins again where the page changed between two', async () => {
  const [old, page] = ['Old', 'New'].map((name) => JSON.stringify({ records: [recordOf(name)], after: 'b' }));
  const part = (text: string, from: number, next?: number): object => {
    return { part: text.slice(from, next), hash: text, ...(next === undefined ? {} : { next }) };
  };
  answers = [part(old!, 0, 40), part(page!, 40), part(page!, 0, 40), part(page!, 40, 90), part(page!, 90)];
  const read = readSnapshotFor({ name: 'copy', events: ['contact.*'] }, nats);
  const { events, after } = await read({ upTo: 9, after: 'a' });
  expect(after).toBe('b');
  expect(events.map(({ payload }) => (JSON.parse(payload) as { data: object }).data)).toMatchObject([
    { id: '7', firstName: 'New' },
  ]);
  const request = { upTo: 9, after: 'a', entities: ['contact'] };
  const from = [undefined, 40, undefined, 40, 90];
  expect(asked).toEqual(from.map((partFrom) => (partFrom === undefined ? request : { ...request, partFrom })));
});
