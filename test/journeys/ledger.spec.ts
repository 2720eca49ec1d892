import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MeshEvent } from '@crm-mesh/contract';
import { startTestMesh, type TestMesh } from './test-mesh.js';

let mesh: TestMesh;

beforeAll(async () => void (mesh = await startTestMesh()));
afterAll(() => mesh.stop());

const at = (minute: number) => ({ time: `2026-01-01T00:${String(minute).padStart(2, '0')}:00Z` });

/** What a CRM says of one deal, in the order in which it happened. */
function tellStory(id: string): [string, object, { time: string; id?: string }][] {
  return [
    ['deal.created', { id, name: 'Kiln', status: 'open' }, at(1)],
    ['deal.updated', { id, name: 'Kiln 2', status: 'open', stage: 'offer' }, at(2)],
    ['deal.deleted', { id }, at(3)],
    ['deal.updated', { id, name: 'Kiln 3', status: 'open', stage: 'offer' }, at(4)],
    ['deal.won', { id, name: 'Kiln 3', status: 'won', stage: 'won' }, at(5)],
    // The same again, as CRMs do.
    ['deal.won', { id, name: 'Kiln 3', status: 'won', stage: 'won' }, at(5)],
  ];
}

function shuffle<Item>(items: Item[], random: () => number): Item[] {
  const left = [...items];
  return Array.from({ length: items.length }, () => left.splice(Math.floor(random() * left.length), 1)[0]!);
}

/** Small and repeatable: mulberry32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function readLast(id: string): Promise<MeshEvent<'deal.*'>[]> {
  const events: MeshEvent<'deal.*'>[] = [];
  const filterSubject = `crm.acme.shop.deal.*.${id}`;
  for await (const { data } of mesh.nats.readStream('CRM_EVENTS', { fromSequence: 1, filterSubject })) {
    events.push(JSON.parse(Buffer.from(data).toString()) as MeshEvent<'deal.*'>);
  }
  return events;
}

describe('the ledger', () => {
  it('is the same for any permutation of the notifications, and each history has versions without a gap', async () => {
    const random = createRandom(7);
    const ids = Array.from({ length: 60 }, (_, i) => `R-${i}`);
    for (const id of ids) {
      const told = id === 'R-0' ? tellStory(id) : shuffle(tellStory(id), random);
      for (const [type, data, part] of told) expect(await mesh.send(type, { ...data }, part)).toBe(202);
    }
    await mesh.settled();
    for (const id of ids) {
      const history = await readLast(id);
      const last = history.at(-1)!;
      expect(last.data, id).toMatchObject({ id, name: 'Kiln 3', status: 'won', stage: 'won' });
      expect(last.type).not.toBe('crm.deal.deleted');
      expect(history.map((event) => event.recordversion)).toEqual(history.map((_, i) => i + 1));
    }
  });
});
