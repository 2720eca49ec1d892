import type { RunReport, RunStatus } from '@crm-mesh/control';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { chooseReconcileExit } from '../work/reconcile-report.js';
import { renderReconcilePage } from './reconcile-page.js';
import { describeChange, describeRun, formatRatio, renderReport, renderRuns } from './reconcile-tables.js';

const NOW = Date.parse('2026-01-31T12:00:00Z');
const status: RunStatus = {
  ...{
    run: 'a1b2c3d4',
    pair: { leg: 'plugin', name: 'contact-table' },
    by: 'ada@host',
    begunAt: '2026-01-31T11:00:00Z',
  },
  ...{ how: 'running', phase: 'comparing', repair: false, differences: 12, repaired: 0 },
  progress: { compared: 40_000, total: 100_000, rows: 1_024, calls: 8, perMinute: 60_000, leftMs: 60_000 },
};
const { trouble: _trouble, ...plain } = { ...status, trouble: undefined };
const report: RunReport = {
  ...plain,
  ...{ how: 'over', differences: 12, repair: true, repaired: 11, endedAt: '2026-01-31T11:01:00Z' },
  labels: [
    {
      ...{ label: 'acked-not-applied', meaning: 'settled, and not there', count: 12, repaired: 11, before: 3 },
      examples: ['acme/crm/contact/<script>alert(1)</script>', 'acme/crm/contact/2'],
    },
    { label: 'in-flight', meaning: 'on its way', count: 2, repaired: 0, before: 2, examples: [] },
    { meaning: 'not looked into', count: 5, repaired: 0, examples: [] },
  ],
  entities: [{ unit: 'acme/crm/contact', compared: 40_000, differences: 12 }],
  rate: { of: 'silent failures', count: 12, compared: 40_000, ratio: 0.0003 },
  history: [
    { run: 'aaaa', at: '2026-01-30T11:00:00Z', compared: 40_000, differences: 3, failures: 3 },
    { run: 'a1b2c3d4', at: '2026-01-31T11:00:00Z', compared: 40_000, differences: 12, failures: 12 },
  ],
};
const plainText = (text: string): string => stripVTControlCharacters(text);

describe('progress', () => {
  it.each<[string, Partial<RunStatus>, string]>([
    ['while it compares', {}, 'compares 40,000 of 100,000, 12 differ; 60,000 a minute, 60 s left'],
    ['while it looks into them', { phase: 'labelling' }, 'looks into what differs 40,000 of 100,000, 12 differ'],
    [
      'while it repairs',
      { phase: 'repairing', repair: true, repaired: 3 },
      'repairs 40,000 of 100,000, 12 differ, 3 repaired',
    ],
    [
      'while it waits',
      {
        progress: { ...status.progress, waits: { until: '2026-01-31T12:03:10.123Z', why: 'what differs must stand' } },
      },
      'compares 40,000 of 100,000, 12 differ; waits until 12:03:10 UTC: what differs must stand',
    ],
    [
      'cancelled while it repaired',
      { phase: 'repairing', repair: true, repaired: 100, uncounted: 50 },
      'repairs 40,000 of 100,000, 12 differ, 100 repaired, and up to 50 more',
    ],
    [
      'while it fails',
      { phase: 'labelling', trouble: 'away' },
      'looks into what differs 40,000 of 100,000, 12 differ; away',
    ],
  ])('%s', (__, part, text) => expect(describeRun({ ...status, ...part })).toBe(text));
});

it.each([
  [3, undefined, ''],
  [3, 3, '='],
  [3, 12_000, '12,000 → 3'],
])('a change of %d from %s', (count, before, text) => expect(describeChange(count, before)).toBe(text));

it.each([
  [0, '0 %'],
  [0.0003, '0.03 %'],
  [0.12345, '12 %'],
])('a share of %d', (ratio, text) => expect(formatRatio(ratio)).toBe(text));

describe('a report for people', () => {
  it('says what differs, why, where, and how it was before', () => {
    const text = plainText(renderReport(report, NOW));
    expect(text).toContain('mesh ⇄ contact-table  40,000 compared, 12 differ, 11 repaired, silent failures 0.03 %');
    expect(text).toMatch(/acked-not-applied +12 +3 → 12 +11 +acme/);
    expect(text).toMatch(/in-flight +2 += +0/);
    expect(text).toMatch(/not looked into +5/);
    expect(text).toMatch(/acme\/crm\/contact +40,000 +12/);
    expect(text).toMatch(/aaaa +25 h ago +40,000 +3 +0.0075 %/);
  });

  it('says how one goes on that asks', () => {
    const asked = { ...report, how: 'asked' as const, why: '60 of 100 records differ, more than 5 %' };
    expect(plainText(renderReport(asked, NOW))).toContain(
      '60 of 100 records differ, more than 5 % → say --yes to go on',
    );
  });

  it('lists runs', () => {
    expect(plainText(renderRuns([status], NOW))).toMatch(/a1b2c3d4 +contact-table +60 min ago +ada@host +running/);
    expect(plainText(renderRuns([], NOW))).toBe('none yet: mesh reconcile');
  });
});

describe('the page', () => {
  const page = renderReconcilePage([report], '2026-01-31T12:00:00Z');

  it('shows what the report says, and runs nothing that a record is called', () => {
    expect(page).toContain('mesh ⇄ contact-table');
    expect(page).toContain('3 → 12');
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page).not.toContain('<script');
  });

  it('needs nothing from elsewhere', () => {
    expect(page).not.toMatch(/\b(?:src|href)=|url\(|@import/);
    expect(page).toContain("default-src 'none'");
    expect(page).toContain('prefers-color-scheme: dark');
  });
});

it.each<[string, Pick<RunReport, 'how' | 'differences'>[], number]>([
  ['all agree', [{ how: 'over', differences: 0 }], 0],
  [
    'one differs',
    [
      { how: 'over', differences: 0 },
      { how: 'over', differences: 2 },
    ],
    1,
  ],
  [
    'one asks',
    [
      { how: 'asked', differences: 2 },
      { how: 'over', differences: 2 },
    ],
    4,
  ],
  ['one failed', [{ how: 'failed', differences: 0 }], 4],
  ['one was cancelled', [{ how: 'cancelled', differences: 0 }], 4],
  ['one asked, and another began since', [{ how: 'superseded', differences: 0 }], 4],
])('the exit code where %s', (__, reports, code) => expect(chooseReconcileExit(reports)).toBe(code));
