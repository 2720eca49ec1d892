import { expect, it } from 'vitest';
import { changeLayout, readLayout, removeReplaced } from './partition-layout.js';
import { createScene, done, nats, store, useServer } from './scene.fixture.js';
import { EpochFence } from './store/epoch-fence.js';

useServer();

function createLayouts() {
  const scene = createScene({ startFrom: 'all' });
  const spec = {
    ...{ name: scene.name, description: 'a test', stream: 'CRM_EVENTS' as const, filterSubject: `crm.${scene.name}.>` },
    ...{ metadata: {}, version: 'v1', policy: scene.policy, runHandler: () => Promise.resolve(done) },
  };
  const change = (count: number, options: { epochs?: Map<string, number>; checkHeld?: () => void } = {}) =>
    changeLayout({ nats, store, spec, count, epochs: new Map(), checkHeld: () => undefined, ...options });
  const list = async (stream: string): Promise<string[]> => {
    const names = (await nats.listDurables(stream)).map((durable) => durable.name);
    return names.filter((name) => name === scene.name || name.startsWith(`${scene.name}_`)).toSorted();
  };
  const names = (count: number): string[] =>
    Array.from({ length: count }, (_, at) => `${scene.name}_p${at + 1}of${count}`);
  return { scene, spec, change, list, names };
}

/** Throws after so many looks. */
function cutOff(looks: number): () => void {
  let left = looks;
  return () => {
    if (left-- === 0) throw new Error('cut off');
  };
}

it('has none at first, and then as many as was asked for, on both streams', async () => {
  const { spec, change, list, names } = createLayouts();
  expect(await readLayout(nats, spec)).toMatchObject({ count: 0 });
  await change(3);
  expect(await readLayout(nats, spec)).toMatchObject({ count: 3, isWhole: true, replaced: [], unfinished: [] });
  expect([await list('CRM_EVENTS'), await list('CRM_DIRECT')]).toEqual([names(3), names(3)]);
});

it('goes on at the lowest floor of all, also from one and to one', async () => {
  const { scene, spec, change, list } = createLayouts();
  const consumer = await scene.start(() => done);
  await scene.publish('a:1', 'b:1', 'c:1');
  await scene.settled();
  await consumer.stop();
  await scene.publish('d:1');
  const floor = (await nats.durableState('CRM_EVENTS', scene.name))!.ackFloorSequence;
  for (const count of [2, 5, 2, 1]) {
    await change(count);
    const { durables } = await readLayout(nats, spec);
    expect(durables.map(({ ackFloorSequence, pending }) => [ackFloorSequence, pending])).toEqual(
      Array.from({ length: count }, () => [floor, 1]),
    );
  }
  expect(await list('CRM_EVENTS')).toEqual([scene.name]);
});

it('is the old one as long as the new one is not complete, and can be begun again', async () => {
  const { spec, change, list, names } = createLayouts();
  await change(2);
  await expect(change(3, { checkHeld: cutOff(2) })).rejects.toThrow('cut off');
  expect(await readLayout(nats, spec)).toMatchObject({ count: 2, isWhole: true, unfinished: names(3).slice(0, 2) });
  await change(4);
  expect(await list('CRM_EVENTS')).toEqual(names(4));
});

it('is the new one as soon as that is complete, and then nothing of the old one is needed', async () => {
  const { spec, change, list, names } = createLayouts();
  await change(2);
  await expect(change(3, { checkHeld: cutOff(3) })).rejects.toThrow('cut off');
  const layout = await readLayout(nats, spec);
  expect(layout).toMatchObject({ count: 3, isWhole: true, replaced: names(2) });
  await removeReplaced(nats, spec, layout);
  expect([await list('CRM_EVENTS'), await list('CRM_DIRECT')]).toEqual([names(3), names(3)]);
});

it('lets nobody write who still believes to run a part of the old one', async () => {
  const { change, names } = createLayouts();
  await change(2);
  const [first] = names(2);
  const zombie = new EpochFence(store, first!, 5);
  await zombie.takeOver();
  await change(3, { epochs: new Map([[first!, 6]]) });
  await expect(zombie.write(() => Promise.resolve())).rejects.toThrow('another process has taken over');
});
