import { expect, it, vi } from 'vitest';
import { Barrier, type BarrierOptions } from './barrier.js';
import { decideBarrier } from './decide-barrier.js';

type Item = { name: string; ref: { sequence: number } };
const [a, b, c] = ['a', 'b', 'c'].map((name, index) => ({ name, ref: { sequence: index + 1 } })) as [Item, Item, Item];
const state = { ackPending: 0, ackWaitMs: 1_000, deliveredSequence: 9, pending: 0 };

function createBarrier(options: Partial<BarrierOptions<Item>>): Barrier<Item> {
  return new Barrier({
    isOpen: true,
    decide: decideBarrier,
    readPending: () => Promise.resolve(state),
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
  const held = [b];
  let asked = 0;
  // Pending are a and b. While the server answers, c is delivered: two in hand, two pending, and a is still missing.
  const readPending = () => {
    asked += 1;
    if (asked === 1) held.push(c);
    if (asked === 3) held.push(a);
    return Promise.resolve({ ...state, ackPending: asked === 1 ? 2 : 3 });
  };
  let heldAtOpening: Item[] = [];
  const barrier = createBarrier({
    readPending,
    listHeld: () => [...held],
    onOpen: () => (heldAtOpening = [...held]),
  });
  barrier.close();
  await vi.waitFor(() => expect(barrier.isOpen).toBe(true));
  expect(heldAtOpening).toEqual([b, c, a]);
});

it('opens with an alarm when for an ack_wait more is held than is pending', async () => {
  let nowMs = 0;
  const onAlarm = vi.fn();
  const barrier = createBarrier({ listHeld: () => [a], now: () => (nowMs += 400), onAlarm });
  barrier.close();
  await vi.waitFor(() => expect(barrier.isOpen).toBe(true));
  expect(onAlarm).toHaveBeenCalledOnce();
});

it('is not opened by what a server that was killed has forgotten: as many may be missing', async () => {
  const held = [c];
  let asked = 0;
  // The server knows of a alone, and delivers b and c as if for the first time.
  const readPending = () => {
    asked += 1;
    if (asked === 2) held.unshift(a);
    if (asked === 4) held.unshift(b);
    return Promise.resolve(
      asked < 4
        ? { ...state, ackPending: 1, deliveredSequence: 1, pending: 2 }
        : { ...state, ackPending: 3, deliveredSequence: 3 },
    );
  };
  let heldAtOpening: Item[] = [];
  const barrier = createBarrier({
    readPending,
    listHeld: () => [...held],
    onOpen: () => (heldAtOpening = [...held]),
  });
  barrier.close();
  await vi.waitFor(() => expect(barrier.isOpen).toBe(true));
  expect(heldAtOpening).toEqual([b, a, c]);
});

it('stays closed once it is stopped', async () => {
  const onOpen = vi.fn();
  const barrier = createBarrier({ onOpen });
  barrier.close();
  await barrier.stop();
  expect([barrier.isOpen, onOpen.mock.calls.length]).toEqual([false, 0]);
});
