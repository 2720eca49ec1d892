import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderLogLine } from './log-line.js';

const time = '2026-01-02T03:04:05.000Z';
const clock = new Date(time).toTimeString().slice(0, 8);

function render(line: object | string, verbose = false): string | undefined {
  const text = typeof line === 'string' ? line : JSON.stringify({ level: 'info', time, app: 'x', ...line });
  const rendered = renderLogLine('host', text, { verbose });
  return rendered === undefined ? undefined : stripVTControlCharacters(rendered).replaceAll(/ +/g, ' ');
}

const outcome = { msg: 'outcome', plugin: 'audit-log', type: 'deal.won', record: 'acme/hubspot/deal/1', attempt: 2 };

describe('renderLogLine', () => {
  it.each([
    [
      { msg: 'event', type: 'deal.won', record: 'acme/hubspot/deal/1', version: 3, origin: 'webhook' },
      `${clock} ● deal.won acme/hubspot/deal/1 v3 webhook`,
    ],
    [
      { ...outcome, result: 'acked', durationMs: 12 },
      `${clock} └ deal.won acme/hubspot/deal/1 audit-log ✓ done in 12 ms`,
    ],
    [{ ...outcome, result: 'skipped' }, `${clock} └ deal.won acme/hubspot/deal/1 audit-log · had it already`],
    [
      { ...outcome, result: 'retried', nextAttemptInMs: 2_000, error: { name: 'Error', message: 'answered 500' } },
      `${clock} └ deal.won acme/hubspot/deal/1 audit-log ↻ attempt 2 failed, again in 2 s Error: answered 500`,
    ],
    [
      { ...outcome, level: 'warn', result: 'buried', error: { name: 'PermanentError', message: 'no' } },
      `${clock} └ deal.won acme/hubspot/deal/1 audit-log ✗ buried after attempt 2 PermanentError: no`,
    ],
    [
      { msg: 'plugin', plugin: 'a', state: 'running', version: 'abc', file: 'a.plugin.ts' },
      `${clock} ◆ plugin a running (version abc, a.plugin.ts)`,
    ],
    [
      { msg: 'plugin', plugin: 'a', state: 'refused', reason: 'events[0] is wrong', cure: 'Mend it.' },
      `${clock} ◆ plugin a refused: events[0] is wrong\n → Mend it.`,
    ],
    [
      { msg: 'source', source: 'close', state: 'refused', reason: 'map is missing', cure: 'Mend it.' },
      `${clock} ◆ source close refused: map is missing\n → Mend it.`,
    ],
    [{ msg: 'breaker', level: 'warn', state: 'open' }, `${clock} host warn breaker state=open`],
    [
      { msg: 'boom', level: 'error', err: { type: 'TypeError', message: 'x is not y' } },
      `${clock} host error boom TypeError: x is not y`,
    ],
    [{ msg: 'started' }, undefined],
    ['', undefined],
    ['(node:1) Warning: old', '--:--:-- host (node:1) Warning: old'],
    ['{ half', '--:--:-- host { half'],
  ])('%j', (line, expected) => expect(render(line)).toBe(expected));

  it('tells everything on wish', () =>
    expect(render({ msg: 'started', port: 1 }, true)).toBe(`${clock} host info started port=1`));
});
