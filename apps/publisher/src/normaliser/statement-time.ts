import type { DecisionInput } from './decision.js';

/** A CRM's clock may run ahead by so much; a time beyond is a mistake that would make all that follows stale. */
const MAX_AHEAD_MS = 300_000;

/**
 * When what is stated became true: the record's own time where the source gives one (also where a notification of a
 * thin source is older or newer), else the notification's, else when it was received.
 */
export function readStatementTime({ entry, mapped, notification, now }: DecisionInput): number {
  const noticed = parseTime(notification.modifiedAt);
  const own = parseTime(mapped.modifiedAt ?? (mapped.state === 'present' ? mapped.record.modifiedAt : undefined));
  let atMs = own ?? noticed ?? parseTime(notification.receivedAt) ?? now;
  // Restoring a record does not move its own time in most CRMs: there the notification tells when.
  const isBack = mapped.state === 'present' && entry !== undefined && entry.state !== 'present';
  if (isBack && noticed !== undefined) atMs = Math.max(atMs, noticed);
  return atMs > now + MAX_AHEAD_MS ? now : atMs;
}

function parseTime(text: string | undefined): number | undefined {
  const timeMs = text === undefined ? NaN : Date.parse(text);
  return Number.isFinite(timeMs) ? timeMs : undefined;
}
