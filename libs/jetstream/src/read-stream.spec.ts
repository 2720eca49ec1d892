import { startTcpProxy, startTestNats, type TestNats } from '@crm-mesh/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectNats, ensureStreams, type Nats, type StoredMessage } from './index.js';
import { linkOf } from './nats.js';

let server: TestNats;
let nats: Nats;
let tenant = '';
let run = 0;
let first = 0;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'read-test', url: server.url });
  await ensureStreams(nats);
});
afterAll(async () => {
  await nats?.close();
  await server?.stop();
});
beforeEach(async () => {
  tenant = `t${(run += 1)}`;
  first = (await nats.streamState('CRM_EVENTS')).lastSequence + 1;
});

async function publish(count: number, from = 0, entity = 'deal'): Promise<void> {
  const all = Array.from({ length: count }, (_, i) => {
    const id = from + i;
    const subject = `crm.${tenant}.c.${entity}.updated.${id}`;
    return nats.publish({ subject, payload: String(id), messageId: `${tenant}-${entity}-${id}` });
  });
  await Promise.all(all);
}

const read = ({ data }: StoredMessage): number => Number(Buffer.from(data).toString());
const numbers = (count: number, from = 0): number[] => Array.from({ length: count }, (_, i) => from + i);

async function collect(messages: AsyncIterable<StoredMessage>): Promise<number[]> {
  const got: number[] = [];
  for await (const message of messages) got.push(read(message));
  return got;
}

async function countReaders(): Promise<number> {
  let count = 0;
  for await (const info of linkOf(nats).jsm.consumers.list('CRM_EVENTS')) if (info.name.startsWith('read-')) count += 1;
  return count;
}

describe('readStream', () => {
  it('ends though what was to come is deleted before it was delivered', async () => {
    await publish(2_000);
    const got: number[] = [];
    for await (const message of nats.readStream('CRM_EVENTS', { fromSequence: first })) {
      if (got.length === 0) await nats.purgeBelow('CRM_EVENTS', first + 2_000);
      got.push(read(message));
    }
    expect(got.length).toBeLessThan(2_000);
    expect(got).toEqual(numbers(got.length));
    await expect.poll(countReaders).toBe(0);
  });

  it('reads in order to what was last at the call, and leaves no consumer behind', async () => {
    await publish(3_000);
    const reading = nats.readStream('CRM_EVENTS', { fromSequence: first });
    await publish(10, 3_000);
    const got = await collect(reading);
    expect(got.slice(0, 3_000)).toEqual(numbers(3_000));
    expect(got.length).toBeLessThanOrEqual(3_010);
    await expect.poll(countReaders).toBe(0);
  });

  it.each([
    ['a range', { toSequence: 4 }, [1, 2, 3, 4]],
    ['to beyond the end', { toSequence: 400 }, numbers(9, 1)],
  ])('reads %s', async (_, { toSequence }, expected) => {
    await publish(10);
    const range = { fromSequence: first + 1, toSequence: first + toSequence };
    expect(await collect(nats.readStream('CRM_EVENTS', range))).toEqual(expected);
  });

  it('ends with a filter that lets nothing, or no more, through', async () => {
    await publish(5, 0, 'deal');
    await publish(5, 5, 'contact');
    const of = (filterSubject: string): Promise<number[]> =>
      collect(nats.readStream('CRM_EVENTS', { fromSequence: first, filterSubject }));
    expect(await of(`crm.${tenant}.*.deal.>`)).toEqual(numbers(5));
    expect(await of(`crm.${tenant}.*.invoice.>`)).toEqual([]);
    expect(await of(`crm.${tenant}.*.*.*.7`)).toEqual([7]);
  });

  it('ends at once beyond the end and in an empty stream, and passes over gaps', async () => {
    expect(await collect(nats.readStream('CRM_EVENTS', { fromSequence: first + 50 }))).toEqual([]);
    expect(await collect(nats.readStream('CRM_AUDIT', { fromSequence: 1 }))).toEqual([]);
    await publish(5);
    await nats.deleteMessage('CRM_EVENTS', first + 1);
    await nats.deleteMessage('CRM_EVENTS', first + 4);
    expect(await collect(nats.readStream('CRM_EVENTS', { fromSequence: first }))).toEqual([0, 2, 3]);
  });

  it('can be left early', async () => {
    await publish(100);
    for await (const message of nats.readStream('CRM_EVENTS', { fromSequence: first })) if (read(message) === 3) break;
    await expect.poll(countReaders).toBe(0);
  });

  it('names a stream that is not there', async () => {
    await expect(collect(nats.readStream('NOPE', { fromSequence: 1 }))).rejects.toMatchObject({
      code: 'MESH_STREAM_MISSING',
    });
  });

  it('neither skips nor doubles when the server is killed midway', { timeout: 60_000 }, async () => {
    await publish(5_000);
    const got: number[] = [];
    for await (const message of nats.readStream('CRM_EVENTS', { fromSequence: first })) {
      got.push(read(message));
      if (got.length === 700 || got.length === 2_345) {
        await server.kill();
        await server.restart();
      }
    }
    expect(got).toEqual(numbers(5_000));
  });
});

describe('followStream', () => {
  it('tells what comes after the call, until it is aborted', async () => {
    await publish(10);
    const abort = new AbortController();
    const following = nats.followStream('CRM_EVENTS', { filterSubject: `crm.${tenant}.>`, signal: abort.signal });
    await nats.streamState('CRM_EVENTS');
    await publish(10, 10);
    const got: number[] = [];
    const loop = (async () => {
      for await (const message of following) got.push(read(message));
    })();
    await expect.poll(() => got).toEqual(numbers(10, 10));
    await publish(1, 20);
    await expect.poll(() => got.at(-1)).toBe(20);
    abort.abort();
    await loop;
    await expect.poll(countReaders).toBe(0);
  });

  it('ends at once when it is aborted already', async () => {
    expect(await collect(nats.followStream('CRM_EVENTS', { fromSequence: 1, signal: AbortSignal.abort() }))).toEqual(
      [],
    );
  });

  it('neither skips nor doubles through cuts, kills and a deleted reader', { timeout: 60_000 }, async () => {
    const proxy = await startTcpProxy(server.port);
    const flaky = await connectNats({ name: 'flaky', url: proxy.url });
    const abort = new AbortController();
    const got: number[] = [];
    const loop = (async () => {
      const following = flaky.followStream('CRM_EVENTS', { fromSequence: first, signal: abort.signal });
      for await (const message of following) got.push(read(message));
    })();
    await publish(500);
    proxy.cut();
    await publish(500, 500);
    await expect.poll(() => got.length, { timeout: 10_000 }).toBe(1_000);
    for await (const info of linkOf(nats).jsm.consumers.list('CRM_EVENTS')) {
      if (info.name.startsWith('read-')) await nats.deleteDurable('CRM_EVENTS', info.name);
    }
    await publish(500, 1_000);
    await expect.poll(() => got.length, { timeout: 10_000 }).toBe(1_500);
    await server.kill();
    await server.restart();
    await expect.poll(() => nats.connected, { timeout: 10_000 }).toBe(true);
    await publish(500, 1_500);
    await expect.poll(() => got.length, { timeout: 10_000 }).toBe(2_000);
    expect(got).toEqual(numbers(2_000));
    abort.abort();
    await loop;
    await flaky.close();
    await proxy.stop();
  });
});

describe('single messages', () => {
  it('are found by sequence and by subject, or not at all', async () => {
    await publish(3);
    expect(read((await nats.getMessage('CRM_EVENTS', first + 1))!)).toBe(1);
    expect(await nats.getMessage('CRM_EVENTS', first + 99)).toBeUndefined();
    expect(await nats.getMessage('CRM_EVENTS', 0)).toBeUndefined();
    const last = await nats.getLastMessage('CRM_EVENTS', `crm.${tenant}.c.deal.updated.2`);
    expect(last).toMatchObject({ stream: 'CRM_EVENTS', sequence: first + 2 });
    expect(last?.header('Nats-Msg-Id')).toBe(`${tenant}-deal-2`);
    expect(Math.abs(last!.storedAtMs - Date.now())).toBeLessThan(60_000);
    expect(await nats.getLastMessage('CRM_EVENTS', `crm.${tenant}.c.deal.updated.9`)).toBeUndefined();
    await expect(nats.getMessage('NOPE', 1)).rejects.toMatchObject({ code: 'MESH_STREAM_MISSING' });
  });

  it('are deleted once, and purged below a sequence', async () => {
    await publish(5);
    expect(await nats.deleteMessage('CRM_EVENTS', first)).toBe(true);
    expect(await nats.deleteMessage('CRM_EVENTS', first)).toBe(false);
    expect(await nats.deleteMessage('CRM_EVENTS', first + 999)).toBe(false);
    const { messages } = await nats.streamState('CRM_EVENTS');
    const purged = await nats.purgeBelow('CRM_EVENTS', first + 3);
    expect(purged).toBeGreaterThanOrEqual(2);
    expect(await nats.streamState('CRM_EVENTS')).toMatchObject({
      firstSequence: first + 3,
      messages: messages - purged,
    });
  });
});

describe('readSparse', () => {
  it('finds what a filter lets through, in order, without a reader on the server', async () => {
    await publish(600);
    await publish(3, 0, 'contact');
    expect(await collect(nats.readSparse('CRM_EVENTS', `crm.${tenant}.c.*.updated.2`))).toEqual([2, 2]);
    expect(await collect(nats.readSparse('CRM_EVENTS', `crm.${tenant}.c.contact.>`))).toEqual([0, 1, 2]);
    expect(await collect(nats.readSparse('CRM_EVENTS', `crm.${tenant}.nobody.>`))).toEqual([]);
    expect(await countReaders()).toBe(0);
  });

  it('goes on behind a batch', async () => {
    await publish(600);
    const got = await collect(nats.readSparse('CRM_EVENTS', `crm.${tenant}.>`));
    expect(got.toSorted((a, b) => a - b)).toEqual(numbers(600));
  });
});
