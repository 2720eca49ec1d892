import { expect, it, vi } from 'vitest';
import { Barrier, type BarrierOptions } from './barrier.js';
import { decideBarrier } from './decide-barrier.js';

type Item = { name: string; ref: { sequence: number }; isPlaced: boolean };
const [a, b, c] = ['a', 'b', 'c'].map((name, index) => ({ name, ref: { sequence: index + 1 }, isPlaced: true })) as [
  Item,
  Item,
  Item,
];
const state = { ackPending: 0, ackWaitMs: 1_000, deliveredSequence: 9 };

function createBarrier(options: Partial<BarrierOptions<Item>>): Barrier<Item> {
  return new Barrier({
    isOpen: true,
    decide: decideBarrier,
    readPending: () => Promise.resolve(state),
    listHeld: () => [],
    now: Date.now,
    forget: () => 0,
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

it('lets go of what a server that was killed has forgotten: as many may be missing, and there may be no room for them', async () => {
  const held = [b, c];
  let asked = 0;
  // The server knows of a alone. It takes until the third question before c can be let go.
  const readPending = () => {
    if (++asked === 2) held.unshift(a);
    return Promise.resolve({ ...state, ackPending: 1, deliveredSequence: 1 });
  };
  const forget = (forgotten: readonly Item[]): number => {
    const kept = asked < 3 ? [c] : [];
    held.splice(0, held.length, ...held.filter((item) => !forgotten.includes(item) || kept.includes(item)));
    return forgotten.filter((item) => kept.includes(item)).length;
  };
  let heldAtOpening: Item[] = [];
  const listHeld = () => [...held];
  const barrier = createBarrier({ readPending, forget, listHeld, onOpen: () => (heldAtOpening = [...held]) });
  barrier.close();
  await vi.waitFor(() => expect(barrier.isOpen).toBe(true));
  expect([heldAtOpening, asked]).toEqual([[a], 3]);
});

it('decides nothing while the server does not answer', async () => {
  let asked = 0;
  const forget = vi.fn(() => 0);
  const readPending = () => Promise.resolve(++asked < 3 ? undefined : { ...state, ackPending: 1 });
  const barrier = createBarrier({ readPending, forget, listHeld: () => [a] });
  barrier.close();
  await vi.waitFor(() => expect(barrier.isOpen).toBe(true));
  expect([asked, forget.mock.calls]).toEqual([3, [[[]]]]);
});

it('stays closed once it is stopped', async () => {
  const onOpen = vi.fn();
  const barrier = createBarrier({ onOpen });
  barrier.close();
  await barrier.stop();
  expect([barrier.isOpen, onOpen.mock.calls.length]).toEqual([false, 0]);
});
