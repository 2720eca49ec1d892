import { readCopyMark, type CopyMark } from './redriven-copy.js';
import type { Held } from './lane.js';
import type { RunOutcome } from './outcome.js';
import type { ItemRef } from './store/item-rows.js';
import type { Receipt } from './store/receipt-records.js';

/** What a message that was sent directly says that it is a copy of. */
export function markOf({ ref, message }: Held): CopyMark | undefined {
  return ref.stream === 'CRM_DIRECT' ? readCopyMark(message) : undefined;
}

/** What is done when this is done: a replayed copy stands for the event itself, too. */
export function listDoneRefs(held: Held): ItemRef[] {
  const mark = markOf(held);
  return mark?.run === undefined ? [held.ref] : [held.ref, originOf(held)];
}

/** The message as it was told first. */
export function originOf(held: Held): ItemRef {
  const { stream, incarnation, sequence } = markOf(held) ?? held.ref;
  return { stream, incarnation, sequence };
}

/** Notes, of what is done, the receipt and whether its effect was there already. */
export function noteDone(todo: readonly Held[], outcome: RunOutcome): void {
  if (outcome.kind === 'done' && outcome.receipt !== undefined) todo.at(-1)!.receipt = JSON.stringify(outcome.receipt);
  const skipped = outcome.kind === 'partly' ? (outcome.skipped ?? []) : [];
  for (const [index, held] of todo.entries())
    if (skipped.includes(index) || (outcome.kind === 'done' && outcome.skipped)) held.wasDone = true;
}

export function listReceipts(group: readonly Held[]): Receipt[] {
  return group.flatMap((held) => {
    const { receipt: json, item } = held;
    return json === undefined ? [] : [{ ref: originOf(held), subject: item.subject, json }];
  });
}
