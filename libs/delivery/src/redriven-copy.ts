import type { StoredMessage } from '@crm-mesh/jetstream';
import type { DeadLetter } from './dead-letter.js';

/** Header of a redriven copy in CRM_DIRECT (JSON): what it is a copy of. */
export const COPY_HEADER = 'Crm-Redrive';

/** What a redriven copy says of itself. */
export interface CopyMark {
  /** The message as it was told first. */
  stream: string;
  incarnation: string;
  sequence: number;
  storedAt: string;
  /** Who redrove it. */
  by: string;
  /** Hash of the patch that it went through. */
  patch?: string;
  /** It is to run even where a newer event of its record was there since. */
  again?: boolean;
}

export function describeCopy({ original }: DeadLetter, asked: Pick<CopyMark, 'by' | 'patch' | 'again'>): string {
  const { stream, incarnation, sequence, storedAt } = original;
  const { by, patch, again } = asked;
  const mark: CopyMark = { stream, incarnation, sequence, storedAt, by, patch, again };
  return JSON.stringify(mark);
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
