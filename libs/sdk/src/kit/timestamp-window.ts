import type { Verification } from '../source/webhook.js';

/** How far a signed timestamp may lie from our clock, in both directions. */
export const SIGNATURE_WINDOW_MS = 300_000;

export interface TimestampRule {
  header: string;
  unit: 'ms' | 's';
  windowMs: number;
}

type Refused = Extract<Verification, { ok: false }>;

/** Undefined when the timestamp lies in the window (its edges included); else why it does not. */
export function checkTimestamp(value: string | undefined, nowMs: number, rule: TimestampRule): Refused | undefined {
  if (!value) return { ok: false, code: 'timestamp-missing', reason: `The header ${rule.header} is missing.` };
  // A doubled header arrives as `1,1`, and a text such as `1e12` or `NaN` must not slip through Number().
  if (!/^\d{1,16}$/.test(value)) {
    return {
      ok: false,
      code: 'timestamp-malformed',
      reason: `The header ${rule.header} is no whole number of ${rule.unit === 'ms' ? 'milliseconds' : 'seconds'}.`,
    };
  }
  const ageMs = nowMs - Number(value) * (rule.unit === 'ms' ? 1 : 1000);
  if (Math.abs(ageMs) <= rule.windowMs) return undefined;
  const seconds = Math.round(Math.abs(ageMs) / 1000);
  return {
    ok: false,
    code: 'timestamp-out-of-window',
    reason: `The header ${rule.header} lies ${seconds} s in the ${ageMs > 0 ? 'past' : 'future'}; ${rule.windowMs / 1000} s are allowed.`,
  };
}
