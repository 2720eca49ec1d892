import type { BenchCase } from '../src/bench-case.js';
import { startPostgres, whyNoPostgres } from '../src/postgres.js';
import { openDrain } from './drain.js';

// The reference remembers nothing either, but for the cases that say so.
const FORGETFUL = { idempotency: 'none' } as const;
const INLINE = { isolation: 'inline' } as const;

/** Canonical event → empty inline handler → settled, in the host as it is; every event of a record of its own. */
export const handle: BenchCase = {
  name: 'handle',
  reference: 'raw callback consume + json() + ack()',
  unit: 'events/s',
  goal: { kind: 'ratio-at-least', target: 0.7 },
  events: 20_000,
  open: (options) => openDrain(options, { delivery: { ...FORGETFUL, ...INLINE } }),
};

/** The same in a worker, as plugins run by default. */
export const handleWorker: BenchCase = {
  ...handle,
  name: 'handle-worker',
  group: 'handle',
  goal: { kind: 'ratio-at-least', target: 0.35 },
  open: (options) => openDrain(options, { delivery: FORGETFUL }),
};

/** The same with 40 events of each record, one after the other. */
export const handle40: BenchCase = {
  ...handle,
  name: 'handle-40',
  group: 'handle',
  open: (options) => openDrain(options, { delivery: { ...FORGETFUL, ...INLINE }, perRecord: 40 }),
};

/** With the inbox: each event is written down before it is acked. */
export const handleInboxSqlite: BenchCase = {
  ...handle,
  name: 'handle-inbox-sqlite',
  goal: { kind: 'ratio-at-least', target: 0.25 },
  open: (options) => openDrain(options, { delivery: INLINE }),
};

export const handleInboxPostgres: BenchCase = {
  ...handle,
  name: 'handle-inbox-postgres',
  goal: { kind: 'ratio-at-least', target: 0.15 },
  whyNot: whyNoPostgres,
  open: (options) => openDrain(options, { delivery: INLINE, openStore: startPostgres }),
};

/** As a sink of batches is written: batches of 500, one ack for each of them. */
export const handleAckAll: BenchCase = {
  ...handle,
  name: 'handle-ack-all',
  goal: { kind: 'ratio-at-least', target: 1 },
  open: (options) => openDrain(options, { delivery: { ...FORGETFUL, ...INLINE, ...BATCHED }, batches: true }),
};

// The last batch is seldom full, and is not to wait a second.
const BATCHED = { ack: 'all', batch: { size: 500, waitMs: 20 } } as const;
