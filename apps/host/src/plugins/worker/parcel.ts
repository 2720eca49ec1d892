import type { RunOutcome } from '@crm-mesh/delivery/outcome';
import type { FromWorker, RunInput, ToWorker } from './protocol.js';

// How lists of messages travel between threads. Copying objects costs several times more than all that is in them, so what
// comes with every event travels flat: its facts in one list, its bytes in one buffer that changes hands.

/** A list for the worker. */
export interface Delivered {
  /** For each run: id, attempt, how many events; then for each event its subject, how many bytes it has, and `again`. */
  runs: (number | string)[];
  /** Of all events of all runs, one behind the other. */
  bytes: Uint8Array<ArrayBuffer>;
  others: Exclude<ToWorker, { kind: 'run' }>[];
}

/** A list for the host. */
export interface Told {
  /** Runs that are done, and have nothing more to tell. */
  done: number[];
  others: FromWorker[];
}

/** Runs come first, the rest keeps its order: nothing that is told of a run may come before it. */
export function packForWorker(messages: readonly ToWorker[]): Delivered {
  const parcel: Delivered = { runs: [], bytes: new Uint8Array(countBytes(messages)), others: [] };
  let end = 0;
  for (const message of messages) {
    if (message.kind !== 'run') {
      parcel.others.push(message);
      continue;
    }
    const { attempt, items } = message.input;
    parcel.runs.push(message.id, attempt, items.length);
    for (const { subject, data, again = '' } of items) {
      parcel.runs.push(subject, data.length, again);
      parcel.bytes.set(data, end);
      end += data.length;
    }
  }
  return parcel;
}

function countBytes(messages: readonly ToWorker[]): number {
  let bytes = 0;
  for (const message of messages) {
    if (message.kind === 'run') for (const { data } of message.input.items) bytes += data.length;
  }
  return bytes;
}

export function unpackRuns({ runs, bytes }: Delivered): { id: number; input: RunInput }[] {
  const unpacked: { id: number; input: RunInput }[] = [];
  let at = 0;
  let start = 0;
  while (at < runs.length) {
    const [id, attempt, count] = runs.slice(at, (at += 3)) as [number, number, number];
    const items: RunInput['items'] = [];
    for (let index = 0; index < count; index += 1) {
      const [subject, length, again] = runs.slice(at, (at += 3)) as [string, number, string];
      items.push({ subject, data: bytes.subarray(start, (start += length)), ...(again === '' ? {} : { again }) });
    }
    unpacked.push({ id, input: { attempt, items } });
  }
  return unpacked;
}

/** What is done comes last: its lines stand before it in the log. */
export function packForHost(messages: readonly FromWorker[]): Told {
  const parcel: Told = { done: [], others: [] };
  for (const message of messages) {
    if (message.kind === 'outcome' && isPlainlyDone(message.outcome)) parcel.done.push(message.id);
    else parcel.others.push(message);
  }
  return parcel;
}

function isPlainlyDone(outcome: RunOutcome): boolean {
  return outcome.kind === 'done' && outcome.receipt === undefined && !outcome.skipped;
}
