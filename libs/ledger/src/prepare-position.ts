import { eventFilter } from '@crm-mesh/contract';
import type { Nats, StreamState } from '@crm-mesh/jetstream';
import type { Store } from '@crm-mesh/store';
import { foldEvent, type StoredEntry } from './ledger-entry.js';
import { forgetSequences, readKeysAbove, readPositions, rewindPosition, savePosition } from './ledger-rows.js';
import type { LedgerWriter } from './ledger-writer.js';
import { readLoggedEvent } from './read-logged-event.js';

export interface LedgerBase {
  nats: Nats;
  store: Store;
  stream: string;
  writer: LedgerWriter;
}

/** From where the log's tail is to be replayed, after the store was made to fit the log. */
export async function preparePosition(base: LedgerBase, state: StreamState): Promise<number> {
  const positions = await readPositions(base.store);
  const position = positions.get(state.incarnation);
  if (position === undefined) {
    await base.writer.write(async (transaction) => {
      await forgetSequences(transaction);
      await savePosition(transaction, state.incarnation, 0);
    });
    return 0;
  }
  if (position > state.lastSequence) await takeBackTo(base, state);
  return Math.min(position, state.lastSequence);
}

/** The log has lost its end (a power cut before its sync, a restored backup): the log is the truth. */
async function takeBackTo(base: LedgerBase, state: StreamState): Promise<void> {
  for (const key of await readKeysAbove(base.store, state.lastSequence)) {
    let entry: StoredEntry | undefined;
    for await (const message of base.nats.readStream(base.stream, {
      fromSequence: 1,
      filterSubject: eventFilter(key),
    })) {
      const logged = await readLoggedEvent(base.nats, message);
      if (logged) entry = foldEvent(entry, logged);
    }
    await base.writer.write(async (transaction) => {
      await base.writer.remove(transaction, key);
      if (entry) await base.writer.put(transaction, [entry]);
    });
  }
  await base.store.write((transaction) => rewindPosition(transaction, state.incarnation, state.lastSequence));
}
