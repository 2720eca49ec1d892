import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startTestMesh, type TestMesh } from './test-mesh.js';

let mesh: TestMesh;

beforeAll(async () => void (mesh = await startTestMesh()));
afterAll(() => mesh.stop());

let minute = 0;
const now = () => ({ time: new Date(Date.UTC(2026, 0, 1, 0, ++minute)).toISOString() });
const tell = (type: string, id: string, part: object = {}) =>
  mesh.send(type, { id, name: `Kiln ${minute}`, status: 'open', ...part }, now());

async function untilLive(name: string): Promise<void> {
  const state = () => mesh.host.plugins().find((plugin) => plugin.name === name)?.consumer?.state;
  await vi.waitFor(() => expect(state()).toBe('running'), { timeout: 30_000 });
  await mesh.settled(name);
}

/** `<id> <version> <type>` of one record. */
const told = (name: string, id: string): string[] => mesh.effects(name).filter((line) => line.startsWith(`${id} `));

describe('a plugin that starts with a snapshot', () => {
  it('ends where the ledger is, each version of a record once and ascending, whatever changes meanwhile', async () => {
    const change = fc.record({ id: fc.integer({ min: 1, max: 8 }), isDeleted: fc.boolean() });
    const changes = fc.array(change, { minLength: 1, maxLength: 12 });
    let round = 0;
    const property = fc.asyncProperty(changes, changes, changes, async (before, during, after) => {
      const name = `copy-${++round}`;
      const make = async ({ id, isDeleted }: { id: number; isDeleted: boolean }): Promise<void> => {
        const deal = `${round}-${id}`;
        if (isDeleted) await mesh.send('deal.deleted', { id: deal }, now());
        else await tell('deal.updated', deal);
      };
      for (const each of before) await make(each);
      mesh.writePlugin(name, { events: "'deal.*'", delivery: "{ startFrom: 'snapshot' }" });
      for (const each of during) await make(each);
      await untilLive(name);
      for (const each of after) await make(each);
      await mesh.settled(name);
      for (const { id, state, version } of await mesh.readLedger()) {
        if (!id.startsWith(`${round}-`)) continue;
        const versions = told(name, id).map((line) => Number(line.split(' ')[1]));
        const first = versions[0] ?? Number(version) + 1;
        expect(versions).toEqual(Array.from({ length: Number(version) + 1 - first }, (_, index) => first + index));
        // What is gone is told to nobody who has never heard of it.
        expect(versions.length > 0 || state !== 'present').toBe(true);
      }
    });
    await fc.assert(property, { numRuns: 4, endOnFailure: true });
  }, 120_000);

  it('is told a record as what it is now, of the events that it listens to', async () => {
    await tell('deal.created', 'w-1');
    await tell('deal.won', 'w-1', { status: 'won' });
    await tell('deal.updated', 'w-1', { status: 'won', stage: 'paid' });
    await tell('deal.created', 'w-2');
    await mesh.settled();
    mesh.writePlugin('won', { events: "'deal.won'", delivery: "{ startFrom: 'snapshot' }" });
    await untilLive('won');
    const lines = mesh.effects('won').filter((line) => line.startsWith('w-'));
    expect(lines).toEqual(['w-1 3 crm.deal.won']);
  });
});
