import type { Cursors } from './cursors.js';
import type { DraftPublisher } from './draft-publisher.js';
import type { PollCounts } from './poll-counts.js';
import type { Pressure } from './pressure.js';

/** What all tasks of a publisher share. */
export interface TaskDependencies {
  cursors: Cursors;
  publisher: DraftPublisher;
  pressure: Pressure;
  counts: PollCounts;
  /** Epoch milliseconds. */
  now(): number;
  /** 0 to 1. */
  random(): number;
}
