import { setTimeout as delay } from 'node:timers/promises';
import { connectNats, ensureStreams, type Nats, type StreamName } from '@crm-mesh/jetstream';
import { makeTempDir, startTestNats, type TempDir } from '@crm-mesh/testing';

const POLL_MS = 5;
const PAUSE_MS = 3_600_000;

/** What a contest stands on: a nats-server of its own with file storage, our streams, a folder, and what counts. */
export class Ground {
  readonly #closing: (() => unknown)[] = [];

  private constructor(
    readonly natsUrl: string,
    readonly nats: Nats,
    readonly temp: TempDir,
  ) {}

  static async open(): Promise<Ground> {
    const server = await startTestNats();
    const nats = await connectNats({ name: 'bench', url: server.url });
    await ensureStreams(nats);
    const ground = new Ground(server.url, nats, makeTempDir('bench'));
    ground.onClose(() => server.stop());
    ground.onClose(() => ground.temp.remove());
    ground.onClose(() => nats.close());
    return ground;
  }

  /** Called when all is over, the last first. */
  onClose(close: () => unknown): void {
    this.#closing.unshift(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closing.splice(0)) await close();
  }

  /** Nobody is to lead the normaliser: a publisher then only takes webhooks, as the second and third of a cluster do. */
  async holdNormaliser(): Promise<void> {
    const lease = await this.nats.acquireLease('normaliser', { holder: 'bench', signal: new AbortController().signal });
    this.onClose(() => lease.release());
  }

  /** Forgets what the streams hold. */
  async clear(...streams: StreamName[]): Promise<void> {
    for (const stream of streams) {
      const { lastSequence } = await this.nats.streamState(stream);
      await this.nats.purgeBelow(stream, lastSequence + 1);
    }
  }

  async expectMessages(stream: StreamName, expected: number): Promise<void> {
    expectCount(`messages in ${stream}`, (await this.nats.streamState(stream)).messages, expected);
  }

  /** Until the stream holds so many. */
  async waitForMessages(stream: StreamName, expected: number, limitMs: number): Promise<void> {
    let messages = 0;
    const isThere = async (): Promise<boolean> => {
      ({ messages } = await this.nats.streamState(stream));
      return messages >= expected;
    };
    if (!(await pollUntil(isThere, limitMs))) expectCount(`messages in ${stream}`, messages, expected);
    expectCount(`messages in ${stream}`, messages, expected);
  }

  pause(stream: StreamName, durable: string): Promise<void> {
    return this.nats.pauseDurable(stream, durable, new Date(Date.now() + PAUSE_MS));
  }

  resume(stream: StreamName, durable: string): Promise<void> {
    return this.nats.pauseDurable(stream, durable, new Date(0));
  }

  async waitForDurable(stream: StreamName, durable: string): Promise<void> {
    const isThere = async (): Promise<boolean> => (await this.nats.durableState(stream, durable)) !== undefined;
    if (!(await pollUntil(isThere, 20_000))) throw new Error(`${durable} does not consume ${stream}`);
  }

  /** Until the durable has settled everything; resolves to the time of that in epoch milliseconds. */
  async waitUntilSettled(stream: StreamName, durable: string, limitMs: number): Promise<number> {
    const { lastSequence } = await this.nats.streamState(stream);
    let floor = 0;
    const isSettled = async (): Promise<boolean> => {
      const state = await this.nats.durableState(stream, durable);
      floor = state?.ackFloorSequence ?? 0;
      return state?.pending === 0 && state.ackPending === 0 && floor >= lastSequence;
    };
    if (await pollUntil(isSettled, limitMs)) return Date.now();
    throw new Error(`${durable} has settled ${stream} only to ${floor} of ${lastSequence} after ${limitMs} ms`);
  }
}

async function pollUntil(isSo: () => Promise<boolean>, limitMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + limitMs;
  while (performance.now() < deadlineMs) {
    if (await isSo()) return true;
    await delay(POLL_MS);
  }
  return false;
}

/** A benchmark that lost or doubled an event has measured nothing. */
export function expectCount(what: string, found: number, expected: number): void {
  if (found !== expected) throw new Error(`${what}: ${found} instead of ${expected}`);
}
