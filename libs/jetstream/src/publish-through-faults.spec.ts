import { startTcpProxy, startTestNats, type TcpProxy, type TestNats } from '@crm-mesh/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { connectNats, ensureStreams, PublishError, type Nats, type PubAck } from './index.js';

let server: TestNats;
let proxy: TcpProxy;
/** Through the proxy, with little room for acks under way. */
let nats: Nats;
/** Straight to the server: the judge. */
let judge: Nats;

beforeAll(async () => {
  server = await startTestNats();
  proxy = await startTcpProxy(server.port);
  judge = await connectNats({ name: 'judge', url: server.url });
  await ensureStreams(judge);
  nats = await connectNats({ name: 'faults', url: proxy.url, publishTimeoutMs: 4_000, mostUnackedPublishes: 7 });
});
afterAll(async () => {
  proxy.allow();
  proxy.release();
  await nats.close();
  await judge.close();
  await proxy.stop();
  await server.stop();
});

type Step = { kind: 'publish'; count: number } | { kind: 'again' } | { kind: 'cut' } | { kind: 'stall'; ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 30 }).map((count) => ({ kind: 'publish', count }) as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'again' } as const) },
  { weight: 2, arbitrary: fc.constant({ kind: 'cut' } as const) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 60 }).map((ms) => ({ kind: 'stall', ms }) as const) },
);

let runs = 0;
type Outcome = PubAck | PublishError;

async function isConnected(): Promise<void> {
  await vi.waitFor(() => expect(nats.connected).toBe(true), { timeout: 10_000, interval: 5 });
}

/** Publishes until it is in, as a caller does: under the same message id. */
async function publishUntilStored(subject: string, n: number): Promise<PubAck> {
  for (;;) {
    const outcome = await publishOnce(subject, n);
    if (!(outcome instanceof PublishError)) return outcome;
    expect(outcome.retryClass).toBe('transient');
    await isConnected();
  }
}

function publishOnce(subject: string, n: number): Promise<Outcome> {
  return nats
    .publish({ subject, payload: String(n), messageId: `${subject}/${n}` })
    .catch((error: unknown) => error as PublishError);
}

async function readAll(subject: string, fromSequence: number): Promise<Map<number, number>> {
  const sequences = new Map<number, number>();
  for await (const { data, sequence } of judge.readStream('CRM_RAW', { fromSequence, filterSubject: subject })) {
    const n = Number(Buffer.from(data).toString());
    expect(sequences.has(n), `${n} is in the stream twice`).toBe(false);
    sequences.set(n, sequence);
  }
  return sequences;
}

it(
  'cut, stalled and told twice: what is acknowledged is stored once, where the ack says, and every call ends',
  { timeout: 120_000 },
  async () => {
    const property = fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 12 }), async (steps) => {
      const subject = `raw.t.c.contact.faults-${++runs}`;
      const { lastSequence } = await judge.streamState('CRM_RAW');
      const firstTries: Promise<Outcome>[] = [];
      const more: Promise<Outcome>[] = [];
      for (const each of steps) {
        if (each.kind === 'publish') {
          for (let i = 0; i < each.count; i++) firstTries.push(publishOnce(subject, firstTries.length));
        } else if (each.kind === 'again') {
          for (let n = 0; n < firstTries.length; n += 3) more.push(publishOnce(subject, n));
        } else if (each.kind === 'cut') proxy.cut();
        else {
          proxy.stall();
          await new Promise((resolve) => setTimeout(resolve, each.ms));
          proxy.release();
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
      const outcomes = await Promise.all(firstTries);
      await Promise.all(more);
      await isConnected();
      const acks = await Promise.all(
        outcomes.map(async (outcome, n) =>
          outcome instanceof PublishError ? publishUntilStored(subject, n) : outcome,
        ),
      );
      const stored = await readAll(subject, lastSequence + 1);
      expect(stored.size).toBe(firstTries.length);
      for (const [n, ack] of acks.entries()) expect(ack.sequence, `the place of ${n}`).toBe(stored.get(n));
    });
    await fc.assert(property, { numRuns: 25 });
  },
);

it('awaits no more acks at once than it may, and sends the rest when there is room', async () => {
  const { lastSequence } = await judge.streamState('CRM_RAW');
  await isConnected();
  proxy.stall();
  const publishing = Array.from({ length: 50 }, (_, n) => publishOnce('raw.t.c.contact.capped', n));
  await new Promise((resolve) => setTimeout(resolve, 50));
  proxy.release();
  const outcomes = await Promise.all(publishing);
  expect(outcomes.filter((outcome) => outcome instanceof PublishError)).toEqual([]);
  const stored = await readAll('raw.t.c.contact.capped', lastSequence + 1);
  expect([...stored.keys()]).toEqual(Array.from({ length: 50 }, (_, n) => n));
});
