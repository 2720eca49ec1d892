import type { StoredMessage } from '@crm-mesh/jetstream';
import type { DeadLetter } from './dead-letter.js';

/** Header of a redriven or replayed copy in CRM_DIRECT (JSON): what it is a copy of. */
export const COPY_HEADER = 'Crm-Redrive';

/** What a copy says of itself. */
export interface CopyMark {
  /** The message as it was told first. */
  stream: string;
  incarnation: string;
  sequence: number;
  storedAt: string;
  /** Who sent it. */
  by: string;
  /** Hash of the patch that it went through. */
  patch?: string;
  /** It is to run even where a newer event of its record was there since, or where it is done already. */
  again?: boolean;
  /** Of a replayed one: which replay it belongs to; of a repair: {@link REPAIR} and the reconciliation that found it. */
  run?: string;
}

/** Begins the `run` of what a reconciliation sends. */
export const REPAIR = 'repair:';

/** It tells the record as it is, and not what was: something newer makes it pointless. */
export function isRepair({ run }: Pick<CopyMark, 'run'>): boolean {
  return run?.startsWith(REPAIR) ?? false;
}

type Original = Pick<DeadLetter['original'], 'stream' | 'incarnation' | 'sequence' | 'storedAt'> & {
  traceparent?: string | undefined;
};
type Asked = Pick<CopyMark, 'by'> & { [Key in 'patch' | 'again' | 'run']?: CopyMark[Key] | undefined };

/** The headers of a copy. */
export function describeHeaders({ traceparent, ...original }: Original, asked: Asked): Record<string, string> {
  const { stream, incarnation, sequence, storedAt } = original;
  const { by, patch, again, run } = asked;
  const mark = JSON.stringify({ stream, incarnation, sequence, storedAt, by, patch, again, run });
  return { [COPY_HEADER]: mark, ...(traceparent ? { traceparent } : {}) };
}

/** Undefined where it is no copy, or one that says nothing readable of itself. */
export function readCopyMark(message: Pick<StoredMessage, 'header'> | undefined): CopyMark | undefined {
  const text = message?.header(COPY_HEADER);
  if (text === undefined) return undefined;
  try {
    const mark = JSON.parse(text) as Partial<CopyMark> | null;
    const isMark =
      typeof mark?.stream === 'string' &&
      typeof mark.incarnation === 'string' &&
      Number.isSafeInteger(mark.sequence) &&
      typeof mark.storedAt === 'string' &&
      typeof mark.by === 'string';
    return isMark ? (mark as CopyMark) : undefined;
  } catch {
    return undefined;
  }
}
