import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { MeshEvent } from '@crm-mesh/contract';
import { startTestMesh, type TestMesh } from './test-mesh.js';

const BATCHES = 200;
const BATCH_SIZE = 100;
const RECORDS = 2_000;
const EDITS = (BATCHES * BATCH_SIZE) / RECORDS;
const SENDERS = 10; // as many as HubSpot opens for one account

let mesh: TestMesh;

beforeAll(async () => void (mesh = await startTestMesh()));
afterAll(() => mesh.stop());

/** Edit 1 of all records, then edit 2 of all, and so on. */
function describeEdit(index: number) {
  const record = index % RECORDS;
  const edit = Math.floor(index / RECORDS) + 1;
  const time = new Date(Date.UTC(2026, 0, 1) + edit * 1_000).toISOString();
  return { type: 'company.updated', id: `e-${index}`, time, data: { id: `B-${record}`, name: `edit ${edit}` } };
}

async function sendBatch(first: number): Promise<number> {
  const batch = Array.from({ length: BATCH_SIZE }, (_, i) => ({
    specversion: '1.0',
    source: '/erp',
    ...describeEdit(first + i),
  }));
  const response = await fetch(`${mesh.publisher.url}/webhooks/acme/shop`, {
    method: 'POST',
    headers: { 'content-type': 'application/cloudevents-batch+json', authorization: 'Bearer a-bearer-token' },
    body: JSON.stringify(batch),
  });
  return response.status;
}

async function sendAll(): Promise<Set<number>> {
  const statuses = new Set<number>();
  const firsts = Array.from({ length: BATCHES }, (_, i) => i * BATCH_SIZE);
  const sender = async () => {
    for (let first = firsts.shift(); first !== undefined; first = firsts.shift()) statuses.add(await sendBatch(first));
  };
  await Promise.all(Array.from({ length: SENDERS }, sender));
  return statuses;
}

async function readEvents(): Promise<MeshEvent<'company.*'>[]> {
  const events: MeshEvent<'company.*'>[] = [];
  for await (const { data } of mesh.nats.readStream('CRM_EVENTS', { fromSequence: 1 })) {
    events.push(JSON.parse(Buffer.from(data).toString()) as MeshEvent<'company.*'>);
  }
  return events;
}

describe(`a burst of ${BATCHES} batches of ${BATCH_SIZE} over ${RECORDS} records`, () => {
  it(
    'loses nothing: all is stored, and every record ends at its last edit, seen in order',
    { timeout: 120_000 },
    async () => {
      mesh.writePlugin('burst', { events: "'company.*'" });
      await vi.waitFor(async () => expect(await mesh.nats.durableState('CRM_EVENTS', 'burst')).toBeDefined(), {
        timeout: 15_000,
      });
      expect(await sendAll()).toEqual(new Set([202]));
      expect((await mesh.nats.streamState('CRM_RAW')).messages).toBe(BATCHES * BATCH_SIZE);
      await mesh.settled('burst');

      const events = await readEvents();
      const last = new Map(events.map((event) => [event.data.id, event]));
      expect(last.size).toBe(RECORDS);
      expect(new Set([...last.values()].map((event) => event.data.name))).toEqual(new Set([`edit ${EDITS}`]));

      const seen = new Map<string, number>();
      for (const line of mesh.effects('burst')) {
        const [id, version] = line.split(' ') as [string, string];
        expect(Number(version), line).toBe((seen.get(id) ?? 0) + 1);
        seen.set(id, Number(version));
      }
      expect(mesh.effects('burst').length).toBe(events.length);
      expect((await mesh.nats.streamState('CRM_DEAD')).messages).toBe(0);
    },
  );
});
