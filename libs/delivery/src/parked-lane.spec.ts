import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it, vi } from 'vitest';
import { slowStore } from './faulty-parts.fixture.js';
import { createScene, done, error, nats, store, useServer } from './scene.fixture.js';

const WAITING = 100_000;
const PAYLOAD_BYTES = 500;
const OTHERS = 1_000;
/** The payloads alone are 50 MB; in hand, with what the engine knows of each, they would take twice as much. */
const MOST_MEMORY_BYTES = 70_000_000;
const HOUR_MS = 3_600_000;

useServer();

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Of JavaScript: what the database and its cache take is theirs. */
function measureMemory(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Many at a time: one by one it would take half a minute. */
async function publishMany(tenant: string, count: number, recordOf: (index: number) => string): Promise<void> {
  const payload = Buffer.alloc(PAYLOAD_BYTES, 'x');
  for (let start = 0; start < count; start += 2_000) {
    const batch = Array.from({ length: Math.min(2_000, count - start) }, (_, i) => start + i);
    await Promise.all(
      batch.map((index) => {
        const subject = `crm.${tenant}.hubspot.deal.updated.${recordOf(index)}`;
        return nats.publish({ subject, payload, messageId: `${tenant}-${recordOf(index)}-${index}` });
      }),
    );
  }
}

describe(`a parked lane of ${WAITING} waiting events`, () => {
  it(
    'costs rows and no memory, no other lane a single read, and goes on beside the others',
    { timeout: 180_000 },
    async () => {
      const scene = createScene({ parkAfterMs: 1_000 });
      const ran = { parked: 0, others: 0 };
      let mended = false;
      const handler = ({ items: [item] }: { items: { subject: string }[] }) => {
        if (!item!.subject.endsWith('.p')) ran.others++;
        else if (mended) ran.parked++;
        else return { kind: 'retry-later' as const, delayMs: HOUR_MS, error };
        return done;
      };
      let reads = 0;
      const counting = slowStore(store, '', async () => void reads++);
      const consumer = await scene.start(handler, { store: counting });
      await scene.publish('o:1');
      await scene.settled();
      const before = measureMemory();

      await publishMany(scene.name, WAITING, () => 'p');
      await vi.waitFor(() => expect(consumer.status().parkedMessages).toBe(WAITING), {
        timeout: 90_000,
        interval: 100,
      });
      await scene.settled();
      expect(consumer.status()).toMatchObject({ held: 0, parkedLanes: 1 });
      expect(measureMemory() - before).toBeLessThan(MOST_MEMORY_BYTES);

      // While it waits nothing is asked of the store for the others.
      reads = 0;
      await publishMany(scene.name, OTHERS, (index) => `o${index % 50}`);
      await vi.waitFor(() => expect(ran.others).toBe(1 + OTHERS), { timeout: 30_000, interval: 10 });
      expect(reads).toBe(0);
      await scene.settled();
      await consumer.stop();

      // An hour later, in another process: it is due, and has not been read into memory.
      mended = true;
      const next = await scene.start(handler, { now: () => Date.now() + HOUR_MS });
      await vi.waitFor(() => expect(ran.parked).toBeGreaterThan(10));
      expect(measureMemory() - before).toBeLessThan(MOST_MEMORY_BYTES);
      await publishMany(scene.name, OTHERS, (index) => `o${index % 50}x`);
      await vi.waitFor(() => expect(ran.others).toBe(1 + 2 * OTHERS), { timeout: 30_000, interval: 10 });
      // Others that are never let in would end after all of its events.
      expect(ran.parked).toBeLessThan(WAITING / 4);
      const doneMeanwhile = ran.parked;
      await vi.waitFor(() => expect(ran.parked).toBeGreaterThan(doneMeanwhile + 100));
      await next.stop();
    },
  );
});
