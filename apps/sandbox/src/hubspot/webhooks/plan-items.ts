import type { Random } from '../../crm/draw-ids.js';
import type { Knobs } from './knobs.js';
import type { WebhookItem } from './webhook-item.js';

/** An item that waits to be sent. Times are of the monotonic clock. */
export interface WaitingItem {
  item: WebhookItem;
  queuedAtMs: number;
  dueAtMs: number;
  duplicate: boolean;
}

export interface Plan {
  waiting: WaitingItem[];
  dropped: number;
}

/** A duplicate comes this much later, so that it meets another request. */
const DUPLICATE_DELAY_MS = 500;

/** What becomes of new items: some are lost, some are told twice. */
export function planItems(
  items: readonly WebhookItem[],
  context: { knobs: Knobs; random: Random; nowMs: number },
): Plan {
  const { knobs, random, nowMs } = context;
  const plan: Plan = { waiting: [], dropped: 0 };
  for (const item of items) {
    if (random() < knobs.dropRate) {
      plan.dropped += 1;
      continue;
    }
    const planned = planItem(item, knobs, nowMs);
    plan.waiting.push(planned);
    if (random() < knobs.duplicateRate) plan.waiting.push(planDuplicate(item, knobs, nowMs));
  }
  return plan;
}

function planItem(item: WebhookItem, knobs: Knobs, nowMs: number): WaitingItem {
  return { item, queuedAtMs: nowMs, dueAtMs: nowMs + knobs.delayMs + knobs.batchWaitMs, duplicate: false };
}

export function planDuplicate(item: WebhookItem, knobs: Knobs, nowMs: number): WaitingItem {
  const planned = planItem(item, knobs, nowMs);
  return { ...planned, dueAtMs: planned.dueAtMs + knobs.batchWaitMs + DUPLICATE_DELAY_MS, duplicate: true };
}

/**
 * Splits off what is to be sent now: what is due, with what would be so within another gathering time; in a burst
 * all that waits.
 */
export function takeDue(
  waiting: readonly WaitingItem[],
  knobs: Knobs,
  nowMs: number,
): { due: WaitingItem[]; rest: WaitingItem[] } {
  if (knobs.burstSize > 0) {
    const bursts = (nextBurstAtMs(waiting, knobs) ?? Infinity) <= nowMs;
    return bursts ? { due: [...waiting], rest: [] } : { due: [], rest: [...waiting] };
  }
  const isDue = ({ dueAtMs }: WaitingItem): boolean => dueAtMs <= nowMs + knobs.batchWaitMs;
  const first = new Set(waiting.filter((one) => isDue(one) && !one.duplicate).map(({ item }) => item));
  // Where the machine is busy both may be due at once; a duplicate still goes out after the first, in another request.
  const goesOut = (one: WaitingItem): boolean => isDue(one) && !(one.duplicate && first.has(one.item));
  return { due: waiting.filter(goesOut), rest: waiting.filter((one) => !goesOut(one)) };
}

/** The earliest; undefined: nothing waits. */
export function nextDueAtMs(waiting: readonly WaitingItem[]): number | undefined {
  const earliest = waiting.reduce((found, { dueAtMs }) => Math.min(found, dueAtMs), Infinity);
  return earliest === Infinity ? undefined : earliest;
}

/** When the next burst goes out if nothing is added: at once when it is full, else by the age of its first item. */
export function nextBurstAtMs(waiting: readonly WaitingItem[], knobs: Knobs): number | undefined {
  const [oldest] = waiting;
  if (!oldest) return undefined;
  return waiting.length >= knobs.burstSize ? 0 : oldest.queuedAtMs + knobs.burstWaitMs;
}

/** Each item moves by at most `disorder` of the whole. */
export function shuffle<T>(items: readonly T[], disorder: number, random: Random): T[] {
  if (disorder === 0) return [...items];
  const reach = items.length * disorder;
  return items
    .map((item, index) => ({ item, place: index + random() * reach }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

export function cutBatches<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size));
}
