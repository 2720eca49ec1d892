import { describe, expect, it } from 'vitest';
import { checkEventPattern, matchesPatterns, patternFilters } from './event-patterns.js';
import type { EventPattern } from './event-types.js';

describe('checkEventPattern', () => {
  it.each(['*', 'deal.won', 'deal.*', 'contact.created', 'custom-site_visit__c.updated', 'custom-visit.*'])(
    'takes %s',
    (text) => {
      expect(checkEventPattern(text)).toEqual({ ok: true, pattern: text });
    },
  );

  it.each([
    ['deal.win', 'deal.won'],
    ['deals.won', 'deal.won'],
    ['Deal.Won', 'deal.won'],
    [' deal.won ', 'deal.won'],
    ['deal', 'deal.*'],
    ['deal.stage_changed', 'deal.stage-changed'],
    ['deal.stagechanged', 'deal.stage-changed'],
    ['contact.create', 'contact.created'],
    ['contcat.updated', 'contact.updated'],
    ['opportunity.won', 'deal.won'],
    ['account.*', 'company.*'],
    ['organization.creatd', 'company.created'],
    ['custom-visit.update', 'custom-visit.updated'],
    ['invoices.updated', 'invoice.updated'],
    ['constructor.*', 'contract.*'],
    ['task.updated', 'activity.updated'],
    ['quote.aproved', 'quote.approved'],
  ])('%s: did you mean %s', (text, suggestion) => {
    expect(checkEventPattern(text)).toEqual({ ok: false, suggestion });
  });

  it.each(['', '.', 'weather.changed', '__proto__.created', 'hasOwnProperty.*'])('has no idea for %s', (text) => {
    expect(checkEventPattern(text)).toEqual({ ok: false });
  });

  it('does not labour over long texts', () => {
    expect(checkEventPattern('x'.repeat(1_000_000))).toEqual({ ok: false });
  });

  it.each([
    'contact.won',
    'deal.won.4711',
    'crm.deal.won',
    '*.*',
    'deal.>',
    'custom-.created',
    'custom-A.created',
    'custom-a.won',
  ])('refuses %s', (text) => {
    expect(checkEventPattern(text).ok).toBe(false);
  });
});

describe('patternFilters', () => {
  it.each<[EventPattern[], string]>([
    [['deal.won'], 'crm.*.*.deal.won.*'],
    [['deal.won', 'deal.won'], 'crm.*.*.deal.won.*'],
    [['deal.won', 'deal.lost'], 'crm.*.*.deal.*.*'],
    [['deal.*'], 'crm.*.*.deal.*.*'],
    [['deal.*', 'deal.won'], 'crm.*.*.deal.*.*'],
    [['deal.won', 'contact.*'], 'crm.>'],
    [['deal.created', 'contact.created'], 'crm.*.*.*.created.*'],
    [['*'], 'crm.>'],
    [['*', 'deal.won'], 'crm.>'],
    [['custom-visit.created'], 'crm.*.*.custom-visit.created.*'],
  ])('%j → %s', (patterns, filter) => {
    expect(patternFilters(patterns)).toBe(filter);
  });

  it('refuses none', () => {
    expect(() => patternFilters([])).toThrow('MESH_PLUGIN_INVALID');
  });
});

describe('matchesPatterns', () => {
  it.each<[EventPattern[], string, boolean]>([
    [['deal.won'], 'crm.acme.hubspot.deal.won.4711', true],
    [['deal.won'], 'crm.acme.hubspot.deal.lost.4711', false],
    [['deal.won', 'contact.*'], 'crm.acme.hubspot.contact.merged.a%2Eb', true],
    [['deal.won', 'contact.*'], 'crm.acme.hubspot.company.created.1', false],
    [['deal.*'], 'crm.deal.won.lead.created.1', false],
    [['deal.*'], 'direct.notifier.acme.hubspot.deal.won.4711', true],
    [['*'], 'crm.acme.hubspot.deal.won.4711', true],
    [['custom-visit.*'], 'crm.t.c.custom-visit.created.1', true],
    [['custom-visit.*'], 'crm.t.c.custom-visits.created.1', false],
    [['deal.won'], 'deal.won', false],
    [['deal.won'], '', false],
  ])('%j, %s: %s', (patterns, subject, expected) => {
    expect(matchesPatterns(patterns, subject)).toBe(expected);
  });
});
