import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { makeTempDir, startTestNats, type TempDir, type TestNats } from '@crm-mesh/testing';

const RECORDS = 40;
const LEAST_EVENTS_PER_RECORD = 50;
const HOST_KILLS = 7;
const SERVER_KILLS = 2;

let server: TestNats;
let nats: Nats;
let folder: TempDir;
let host: ResultPromise | undefined;

beforeEach(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'order-under-kills', url: server.url });
  await ensureStreams(nats);
  folder = makeTempDir('order');
});
afterEach(async () => {
  host?.kill('SIGKILL');
  await nats.close();
  await server.stop();
  folder.remove();
});

async function startHost(): Promise<void> {
  const script = join(import.meta.dirname, 'processes/ordered-consumer.mjs');
  const files = [join(folder.path, 'host.db'), join(folder.path, 'effects')];
  const started = execa('node', [script, server.url, ...files], {
    reject: false,
    stdin: 'pipe',
    stderr: ['inherit', 'pipe'],
  });
  await new Promise<void>((resolve) =>
    started.stdout.on('data', (data) => String(data).includes('ready') && resolve()),
  );
  host = started;
}

/** How many events of each record were published. */
let published = 0;

/** Publishes the events of all records in turn, whatever happens to the server meanwhile, until the killing is over. */
async function publishAll(isOver: () => boolean): Promise<void> {
  for (let n = 1; n <= LEAST_EVENTS_PER_RECORD || !isOver(); n++) {
    for (let record = 0; record < RECORDS; record++) {
      const message = {
        subject: `crm.acme.hubspot.deal.updated.r${record}`,
        payload: `r${record} ${n}`,
        messageId: `r${record}@${n}`,
      };
      await vi.waitFor(() => nats.publish(message), { timeout: 20_000, interval: 50 });
    }
    published = n;
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
}

async function killAtRandom(): Promise<void> {
  await startHost();
  for (let round = 1; round <= HOST_KILLS; round++) {
    await new Promise((resolve) => setTimeout(resolve, 300 + Math.random() * 900));
    host?.kill('SIGKILL');
    await host;
    await startHost();
    if (round % 3 === 0 && round / 3 <= SERVER_KILLS) {
      await server.kill();
      await server.restart();
    }
  }
}

async function drain(): Promise<void> {
  const drained = vi.waitFor(
    async () => {
      const state = await nats.durableState('CRM_EVENTS', 'ordered');
      // What is parked is acked, but not done yet.
      const { pending, ackPending } = state!;
      const { messages: buried } = await nats.streamState('CRM_DEAD');
      const lost = countEffects().lost - buried;
      expect({ pending, ackPending, lost, buried }).toEqual({ pending: 0, ackPending: 0, lost: 0, buried: 0 });
    },
    { timeout: 60_000, interval: 200 },
  );
  await drained.catch(async (error: unknown) => {
    host?.kill('SIGUSR2');
    await new Promise((resolve) => host?.stderr?.once('data', resolve));
    throw error;
  });
  host?.kill('SIGKILL');
  await host;
}

/** Overtaken: an event of a record whose effect came first when that of a later one had been there already. */
function countEffects(): { lost: number; overtaken: number; repeated: number } {
  const highest = new Map<string, number>();
  const seen = new Set<string>();
  let overtaken = 0;
  let repeated = 0;
  for (const line of readFileSync(join(folder.path, 'effects'), 'utf8').split('\n').filter(Boolean)) {
    const [record, n] = line.split(' ') as [string, string];
    const newest = highest.get(record) ?? 0;
    if (seen.has(line)) repeated++;
    else if (Number(n) < newest) overtaken++;
    seen.add(line);
    highest.set(record, Math.max(newest, Number(n)));
  }
  return { lost: RECORDS * published - seen.size, overtaken, repeated };
}

async function run() {
  writeFileSync(join(folder.path, 'effects'), '');
  published = 0;
  let over = false;
  const publishing = publishAll(() => over);
  await killAtRandom().finally(() => (over = true));
  await publishing;
  await drain();
  return countEffects();
}

// That it is not kept without the barrier is shown by order.property.spec.ts, and by the planted bugs of the fault suite.
describe('order per record under kill -9 of host and server', () => {
  it('is kept, and nothing is lost', { timeout: 180_000 }, async () => {
    const { lost, overtaken, repeated } = await run();
    expect({ lost, overtaken }).toEqual({ lost: 0, overtaken: 0 });
    // What a crash repeats is no more than was in hand.
    expect(repeated).toBeLessThan(RECORDS * published * 0.2);
  });
});
