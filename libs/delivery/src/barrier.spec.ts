import { expect, it, vi } from 'vitest';
import { Barrier, type BarrierOptions } from './barrier.js';
import { decideBarrier } from './decide-barrier.js';

function createBarrier(options: Partial<BarrierOptions<string>>): Barrier<string> {
  return new Barrier({
    isOpen: true,
    decide: decideBarrier,
    readPending: () => Promise.resolve({ ackPending: 0, ackWaitMs: 1_000 }),
    listHeld: () => [],
    now: Date.now,
    onOpen: () => undefined,
    onAlarm: () => undefined,
    ...options,
  });
}

it('opens again when it is closed at the moment at which it opens', async () => {
  let opened = 0;
  const barrier = createBarrier({
    onOpen: () => {
      // A gap that shows while the lanes are told; and one right after.
      if (++opened < 3) barrier.close();
    },
  });
  barrier.close();
  await vi.waitFor(() => expect(opened).toBe(3));
  expect(barrier.isOpen).toBe(true);
  void Promise.resolve().then(() => barrier.close());
  await vi.waitFor(() => expect([opened, barrier.isOpen]).toEqual([4, true]));
});

it('is not opened by what came after the server was asked: it may stand for one that is missing', async () => {
  const held = ['b'];
  let asked = 0;
  // Pending are a and b. While the server answers, c is delivered: two in hand, two pending, and a is still missing.
  const readPending = () => {
    asked += 1;
    if (asked === 1) held.push('c');
    if (asked === 3) held.push('a');
    return Promise.resolve({ ackPending: asked === 1 ? 2 : 3, ackWaitMs: 1_000 });
  };
  let heldAtOpening: string[] = [];
  const barrier = createBarrier({
    readPending,
    listHeld: () => [...held],
    onOpen: () => (heldAtOpening = [...held]),
  });
  barrier.close();
  await vi.waitFor(() => expect(barrier.isOpen).toBe(true));
  expect(heldAtOpening).toEqual(['b', 'c', 'a']);
});

it('opens with an alarm when for an ack_wait more is held than is pending', async () => {
  let nowMs = 0;
  const onAlarm = vi.fn();
  const barrier = createBarrier({ listHeld: () => ['a'], now: () => (nowMs += 400), onAlarm });
  barrier.close();
  await vi.waitFor(() => expect(barrier.isOpen).toBe(true));
  expect(onAlarm).toHaveBeenCalledOnce();
});

it('stays closed once it is stopped', async () => {
  const onOpen = vi.fn();
  const barrier = createBarrier({ onOpen });
  barrier.close();
  await barrier.stop();
  expect([barrier.isOpen, onOpen.mock.calls.length]).toEqual([false, 0]);
});
