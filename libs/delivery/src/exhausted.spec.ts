import { describe, expect, it, vi } from 'vitest';
import { settle, type Delivery } from '@crm-mesh/jetstream';
import type { Consumer } from './consumer.js';
import { slowStore } from './faulty-parts.fixture.js';
import { createScene, done, nats, store, useServer } from './scene.fixture.js';

useServer();

const DURABLE = { description: 'd', startFrom: 'all', ackWaitMs: 1_000, maxAckPending: 100, metadata: {} } as const;

/** As an operator does with `nats consumer edit --max-deliver`. */
async function setMaxDeliver(name: string, maxDeliver: number): Promise<void> {
  const info = JSON.parse(
    Buffer.from(await nats.request(`$JS.API.CONSUMER.INFO.CRM_EVENTS.${name}`, '')).toString(),
  ) as { config: object };
  const config = { ...info.config, max_deliver: maxDeliver };
  const body = JSON.stringify({ stream_name: 'CRM_EVENTS', config, action: 'update' });
  const answer = await nats.request(`$JS.API.CONSUMER.DURABLE.CREATE.CRM_EVENTS.${name}`, body);
  expect(JSON.parse(Buffer.from(answer).toString())).not.toHaveProperty('error');
}

/** As an operator does with `nats stream edit --max-msgs`; age and size forget in the same way. */
async function keepOnly(count: number): Promise<void> {
  const info = JSON.parse(Buffer.from(await nats.request('$JS.API.STREAM.INFO.CRM_EVENTS', '')).toString()) as {
    config: object;
  };
  await nats.request('$JS.API.STREAM.UPDATE.CRM_EVENTS', JSON.stringify({ ...info.config, max_msgs: count }));
}

/** Another puller takes messages, and does with them as it likes. */
async function takeElsewhere(name: string, count: number): Promise<Delivery[]> {
  const taken: Delivery[] = [];
  const pull = await nats.pull('CRM_EVENTS', name, { maxMessages: count, onNotice: () => undefined });
  for await (const delivery of pull) {
    taken.push(delivery);
    if (taken.length === count) break;
  }
  return taken;
}

async function readLetters(scene: ReturnType<typeof createScene>): Promise<unknown[]> {
  const letters = await scene.deadLetters();
  // The server tells of them in no order.
  return letters.map(({ letter }) => [letter.original.payloadText, letter.error.name]).toSorted();
}

/** It looks whenever it reads how its durables are, by itself every five seconds. */
async function untilLooked(consumer: Consumer, expectation: () => unknown): Promise<void> {
  const look = async (): Promise<void> => {
    await consumer.look();
    await expectation();
  };
  await vi.waitFor(look, { timeout: 20_000, interval: 20 });
}

/** Two looks: the first may have begun before. */
async function untilLookedAfter(
  consumer: Consumer,
  { name, advisedTo }: ReturnType<typeof createScene>,
): Promise<void> {
  const subject = `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.CRM_EVENTS.${name}`;
  for (const look of [1, 2]) {
    const payload = JSON.stringify({ stream_seq: 0 });
    const { sequence } = await nats.publish({ subject, payload, messageId: `${name} look ${look}` });
    await untilLooked(consumer, async () => expect(await advisedTo()).toBe(sequence));
  }
}

describe("where an operator's max_deliver exhausts deliveries", () => {
  it('they become dead letters, by the advisories of the server', async () => {
    const scene = createScene();
    await scene.publish('a:1', 'b:1', 'c:1');
    await nats.ensureDurable({
      ...DURABLE,
      stream: 'CRM_EVENTS',
      name: scene.name,
      filterSubject: `crm.${scene.name}.>`,
    });
    await setMaxDeliver(scene.name, 1);
    await takeElsewhere(scene.name, 3);
    await scene.publish('d:1', 'e:1');
    const consumer = await scene.start(() => done);
    const expected = ['a:1', 'b:1', 'c:1'].map((id) => [id, 'DeliveriesExhausted']);
    await untilLooked(consumer, async () => expect(await readLetters(scene)).toEqual(expected));
    await vi.waitFor(() => expect(scene.ids().toSorted()).toEqual(['d:1', 'e:1']));
    expect(consumer.status().buried).toBe(3);
    // Told once: a later look, and another start, find nothing new.
    await consumer.stop();
    const next = await scene.start(() => done);
    await untilLooked(next, async () => expect(await scene.sweptTo()).toBeGreaterThan(0));
    expect([(await scene.deadLetters()).length, next.status().buried]).toEqual([3, 0]);
  });

  it('but not what is in hand and ends while it is looked for', async () => {
    const scene = createScene();
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const settledMeanwhile = async (): Promise<void> => {
      if (scene.ids().length === 0) return;
      open();
      await vi.waitFor(() => expect(scene.results()).toEqual(['acked']));
    };
    const handler = async () => {
      await gate;
      return done;
    };
    const consumer = await scene.start(handler, {
      store: slowStore(store, 'SELECT sequence FROM delivery_parked', settledMeanwhile),
    });
    await setMaxDeliver(scene.name, 1);
    await scene.publish('a:1');
    await vi.waitFor(() => expect(scene.ids()).toEqual(['a:1']));
    // As it comes where the host was stopped for an ack_wait, and went on with what it had in hand.
    const { deliveredSequence } = (await nats.durableState('CRM_EVENTS', scene.name))!;
    const subject = `$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.CRM_EVENTS.${scene.name}`;
    const payload = JSON.stringify({ stream_seq: deliveredSequence });
    const { sequence } = await nats.publish({ subject, payload, messageId: scene.name });
    await untilLooked(consumer, async () => expect(await scene.advisedTo()).toBe(sequence));
    open();
    await scene.settled();
    expect(await scene.deadLetters()).toEqual([]);
  });

  it('also what was in hand when it was looked for, and never ended', { timeout: 60_000 }, async () => {
    const scene = createScene();
    const handler = ({ ids }: { ids: string[] }) => (ids[0] === 'a:1' ? new Promise<never>(() => undefined) : done);
    const first = await scene.start(handler);
    await setMaxDeliver(scene.name, 1);
    await untilLooked(first, async () => expect(await scene.advisedTo()).toBe(0));
    await scene.publish('a:1', 'b:1');
    await vi.waitFor(() => expect(scene.results()).toEqual(['acked']));
    const { ackFloorSequence } = (await nats.durableState('CRM_EVENTS', scene.name))!;
    const sequence = ackFloorSequence + 1;
    // As if the server had given it up meanwhile.
    await nats.request(`$JS.ACK.CRM_EVENTS.${scene.name}.1.${sequence}.1.1.0`, '+ACK');
    await untilLookedAfter(first, scene);
    await first.stop({ graceMs: 0 });
    const next = await scene.start(() => done);
    // On a busy machine the server does give it up, and says so.
    const readIds = async () => (await scene.deadLetters()).map(({ letter }) => letter.original.payloadText);
    await untilLooked(next, async () => expect(await readIds()).toEqual(['a:1']));
  });

  it('and what nobody settled, though no advisory came, is found by a sweep', async () => {
    const scene = createScene();
    await nats.ensureDurable({
      ...DURABLE,
      stream: 'CRM_EVENTS',
      name: scene.name,
      filterSubject: `crm.${scene.name}.>`,
    });
    await setMaxDeliver(scene.name, 5);
    const first = await scene.start(() => done);
    await scene.publish('a:1');
    await scene.settled();
    await untilLooked(first, async () => expect(await scene.sweptTo()).toBeGreaterThan(0));
    await first.stop();
    // As if the server had forgotten it: settled, but not by us.
    await scene.publish('b:1');
    for (const delivery of await takeElsewhere(scene.name, 1)) settle(delivery, 'ack');
    await scene.publish('c:1');
    const second = await scene.start(() => done);
    await untilLooked(second, async () => expect(await readLetters(scene)).toEqual([['b:1', 'DeliveryForgotten']]));
    expect(scene.ids()).toEqual(['a:1', 'c:1']);
  });
});

describe('when a stream forgets what was not delivered yet', () => {
  it('an alarm says how much', async () => {
    const scene = createScene();
    const first = await scene.start(() => done);
    await scene.publish('a:1');
    await scene.settled();
    await first.stop();
    await scene.publish('b:1', 'c:1', 'd:1');
    await keepOnly(1);
    const second = await scene.start(() => done);
    await vi.waitFor(() => expect(second.status().missed).toBe(2), { timeout: 10_000 });
    await scene.settled();
    expect(scene.ids()).toEqual(['a:1', 'd:1']);
    await second.stop();
    const third = await scene.start(() => done);
    await scene.publish('e:1');
    await scene.settled();
    expect(third.status().missed).toBe(0);
  });
});
