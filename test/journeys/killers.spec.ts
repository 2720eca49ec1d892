import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { DeadLetter } from '@crm-mesh/delivery';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { makeTempDir, startTestNats, type TempDir, type TestNats } from '@crm-mesh/testing';

const INNOCENTS = 100;
const MOST_CRASHES = 5;

let server: TestNats;
let nats: Nats;
let folder: TempDir;

beforeEach(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'killers', url: server.url });
  await ensureStreams(nats);
  folder = makeTempDir('killers');
});
afterEach(async () => {
  await nats.close();
  await server.stop();
  folder.remove();
});

async function readDeadLetters(): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const { data } of nats.readStream('CRM_DEAD', { fromSequence: 1 })) {
    letters.push(JSON.parse(Buffer.from(data).toString()) as DeadLetter);
  }
  return letters;
}

function readEffects(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

it(
  'finds the event that kills the process, and buries nothing that merely was in hand',
  { timeout: 90_000 },
  async () => {
    for (let n = 0; n <= INNOCENTS; n++) {
      const payload = n === 37 ? 'killer' : `innocent ${n}`;
      await nats.publish({ subject: `crm.acme.shop.deal.updated.r${n}`, payload, messageId: `r${n}` });
    }
    const effects = join(folder.path, 'effects');
    const script = join(import.meta.dirname, 'processes/killed-consumer.mjs');
    const start = () =>
      execa('node', [script, server.url, join(folder.path, 'host.db'), effects], { reject: false, stdin: 'pipe' });
    const areSettled = async (): Promise<void> => {
      for (const name of ['victim', 'neighbour']) {
        const state = await nats.durableState('CRM_EVENTS', name);
        expect([name, state?.pending, state?.ackPending]).toEqual([name, 0, 0]);
      }
    };

    let crashes = 0;
    for (;;) {
      const host = start();
      const settled = vi.waitFor(areSettled, { timeout: 30_000, interval: 50 }).then(() => 'settled' as const);
      const end = await Promise.race([settled, host.then(() => 'crashed' as const)]);
      settled.catch(() => undefined);
      if (end === 'settled') {
        host.kill();
        await host;
        break;
      }
      crashes += 1;
      expect(crashes).toBeLessThanOrEqual(MOST_CRASHES);
    }

    const letters = await readDeadLetters();
    expect(letters.map(({ consumer, error, original }) => [consumer, error.name, original.payloadText])).toEqual([
      ['victim', 'KilledItsProcess', 'killer'],
    ]);
    const done = new Set(readEffects(effects));
    for (const name of ['victim', 'neighbour']) {
      expect([...done].filter((line) => line.startsWith(`${name} innocent`)).length).toBe(INNOCENTS);
    }
    expect(crashes).toBeGreaterThanOrEqual(3);
  },
);
