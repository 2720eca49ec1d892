import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isClaimed, requestControl, type StoredMessage } from '@crm-mesh/jetstream';
import type { ReplayEntry, ReplayProgress } from '@crm-mesh/delivery';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { startTestMesh, type TestMesh } from './test-mesh.js';

vi.setConfig({ testTimeout: 90_000 });

// What is larger than a message, on the ways that an event takes once it was told.

const MAX_PAYLOAD_BYTES = 65_536;
/** Characters of one to three bytes, and some that JSON escapes. */
const notes = 'At the fair – “見本市”\n'.repeat(8_000);
const IS_WHOLE = `if (event.data.custom.notes.length !== ${notes.length}) throw new PermanentError('it is not whole');`;

let mesh: TestMesh;
let minute = 0;

beforeAll(async () => void (mesh = await startTestMesh({ settings: { max_payload: MAX_PAYLOAD_BYTES } })));
afterAll(() => mesh.stop());

const tell = (id: string, part: object = { notes }) =>
  mesh.send('contact.updated', { id, ...part }, { id: `${++minute}`, time: new Date(minute * 60_000).toISOString() });

const events = "'contact.*'";
const nameObject = ({ data }: Pick<StoredMessage, 'data'>): unknown =>
  (JSON.parse(Buffer.from(data).toString()) as { dataref?: unknown }).dataref;
const listObjects = async (): Promise<string[]> => (await mesh.nats.listClaims()).map(({ name }) => name).toSorted();
const untilTold = (plugin: string, lines: string[]) =>
  vi.waitFor(() => expect(mesh.effects(plugin).toSorted()).toEqual(lines), { timeout: 60_000, interval: 50 });

it('is told whole at a replay, and lies in the object store once', async () => {
  mesh.writePlugin('reader', { events, body: IS_WHOLE });
  expect(await tell('a')).toBe(202);
  await untilTold('reader', ['a 1 crm.contact.created']);
  const objects = await listObjects();

  const from = { sequence: 1 };
  const ask = { consumer: 'reader', by: 'me' };
  const { run } = await requestControl<ReplayEntry>(mesh.nats, 'host', 'replay', { ...ask, from, again: true });
  const step = { consumer: 'reader', run, limit: 100, soFar: { sent: 0, skipped: 0 } };
  const progress = await requestControl<ReplayProgress>(mesh.nats, 'host', 'replay-step', step);
  expect(progress).toMatchObject({ sent: 1, isOver: true });
  await untilTold('reader', ['a 1 crm.contact.created', 'a 1 crm.contact.created']);
  const copy = await mesh.nats.getLastMessage('CRM_DIRECT', 'direct.reader.>');
  const event = await mesh.nats.getLastMessage('CRM_EVENTS', 'crm.acme.shop.contact.created.a');
  expect([isClaimed(copy!.data), nameObject(copy!)]).toEqual([true, nameObject(event!)]);
  expect(await listObjects()).toEqual(objects);
});

it('is buried by name, and redriven whole', async () => {
  const mended = join(mesh.folder, 'mended');
  const refuse = `const { existsSync } = await import('node:fs');
    if (!existsSync(${JSON.stringify(mended)})) throw new PermanentError('not yet');`;
  mesh.writePlugin('refuser', { events, body: refuse + IS_WHOLE });
  const letters = () => mesh.deadLetters('refuser');
  await vi.waitFor(async () => expect(await letters()).toHaveLength(1), { timeout: 60_000, interval: 50 });
  const [{ sequence, letter }] = (await letters()) as [Awaited<ReturnType<typeof letters>>[number]];
  expect(letter.original.payload).toMatchObject({ dataref: expect.any(String), subject: 'contact/a' });
  expect(letter.original.payload).not.toHaveProperty('data');
  const objects = await listObjects();
  writeFileSync(mended, '');
  const request = { consumer: 'refuser', sequences: [sequence], by: 'me' };
  expect(await requestControl(mesh.nats, 'host', 'redrive', request)).toMatchObject({ redriven: [sequence] });
  await untilTold('refuser', ['a 1 crm.contact.created']);
  expect(await letters()).toEqual([]);
  expect(await listObjects()).toEqual(objects);
});

it('is told whole by a snapshot, between records that are small, and live events follow', async () => {
  for (const id of ['0', 'b', 'z']) await tell(id, id === 'b' ? { notes: notes.toUpperCase() } : { firstName: id });
  await mesh.settled('reader');
  const delivery = "{ startFrom: 'snapshot' }";
  mesh.writePlugin('copy', { events, delivery, body: `if (event.data.custom?.notes) { ${IS_WHOLE} }` });
  const first = ['0', 'a', 'b', 'z'].map((id) => `${id} 1 crm.contact.created`);
  await untilTold('copy', first);
  await tell('z', { firstName: 'later' });
  await untilTold('copy', [...first, 'z 2 crm.contact.updated']);
  expect(await mesh.deadLetters('copy')).toEqual([]);
});
