import { formatRecordKey, parseEventSubject } from '@crm-mesh/contract';
import type { SettledNotice } from '@crm-mesh/delivery';
import type { Logger } from '@crm-mesh/telemetry';

/** Told at info; what was not wanted, or goes back at a stop, is for debugging. */
const QUIET: readonly SettledNotice['result'][] = ['sifted', 'returned'];

/** One line per event and outcome; the supervisor makes it readable. */
export function logOutcome(log: Logger, notice: SettledNotice): void {
  const { consumer: plugin, subject, result, attempt, durationMs, nextAttemptInMs, error } = notice;
  const level = levelOf(result);
  if (!log.isLevelEnabled(level)) return;
  const address = parseEventSubject(subject);
  const line = {
    plugin,
    type: address && `${address.entity}.${address.action}`,
    record: address && formatRecordKey(address),
    sequence: notice.sequence,
    result,
    attempt,
    durationMs: Math.round(durationMs),
    ...(nextAttemptInMs === undefined ? {} : { nextAttemptInMs: Math.round(nextAttemptInMs) }),
    ...(error ? { error: { name: error.name, message: error.message } } : {}),
  };
  log[level](line, 'outcome');
}

function levelOf(result: SettledNotice['result']): 'debug' | 'info' | 'warn' {
  if (QUIET.includes(result)) return 'debug';
  return result === 'buried' || result === 'dropped' ? 'warn' : 'info';
}
