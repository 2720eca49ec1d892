import { EDITED_SUFFIX, type HoldingsAnswer } from '@crm-mesh/contract';
import type { MismatchKind } from '../mismatch.js';
import type { Difference } from './packed-marks.js';

/** What is wrong with a record on which ledger and consumer do not agree. */
export function judgeDifference({ expected, found }: Difference, marks: HoldingsAnswer['marks']): MismatchKind {
  const [mark] = found;
  if (expected === undefined) return 'extra';
  if (mark === undefined) return 'missing';
  if (found.length > 1) return 'duplicate';
  // A hash of fields says that they are not as they should be, and nothing of when.
  if (marks === 'fields') return 'edited';
  const version = Number(mark.endsWith(EDITED_SUFFIX) ? mark.slice(0, -EDITED_SUFFIX.length) : mark);
  if (version < Number(expected)) return 'stale';
  return version > Number(expected) ? 'ahead' : 'edited';
}
