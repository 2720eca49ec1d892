import { expect, it } from 'vitest';
import { createScene, done, nats, useServer } from './scene.fixture.js';

useServer();

const ROOM = 3;

// A server that is killed forgets the last seconds of what it delivered and of what was acked. A durable that is deleted
// and made anew has forgotten all of it, and does so each time.
it('does not wait for ever where a forgetful server has no room to deliver again what fills the hand', async () => {
  const scene = createScene({ maxAckPending: ROOM, concurrency: 1, idempotency: 'inbox' });
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const consumer = await scene.start(async ({ ids: [id] }) => {
    if (id === 'd:1') await released;
    return done;
  });
  await scene.publish('a:1', 'b:1', 'c:1', 'd:1', 'e:1', 'e:2');
  await expect.poll(() => [scene.ids().length, consumer.status().held]).toEqual([4, ROOM]);

  const durable = (await nats.durableState('CRM_EVENTS', scene.name))!;
  await nats.deleteDurable('CRM_EVENTS', scene.name);
  await nats.ensureDurable({ ...durable, description: 'a test', startFrom: 'all', metadata: {} });
  await expect.poll(() => consumer.status().state, { timeout: 10_000 }).toBe('waiting-for-pending');
  release();

  await scene.settled();
  expect(scene.ids()).toEqual(['a:1', 'b:1', 'c:1', 'd:1', 'e:1', 'e:2']);
});
