import { distance } from 'fastest-levenshtein';
import { MeshError } from './errors.js';
import { ENTITIES, isEntity, isEventType, listActions } from './event-types.js';
import type { Entity, EventPattern } from './event-types.js';

/** What became of a text that should be a pattern: the pattern, or what its author may have meant. */
export type PatternCheck = { ok: true; pattern: EventPattern } | { ok: false; suggestion?: EventPattern };

/** What other CRMs call an entity: nobody's fingers are far from them, but the letters are. */
const OTHER_NAMES: ReadonlyMap<string, string> = new Map([
  ['account', 'company'],
  ['case', 'ticket'],
  ['organisation', 'company'],
  ['organization', 'company'],
  ['opportunity', 'deal'],
  ['person', 'contact'],
  ['people', 'contact'],
  ['task', 'activity'],
]);

/** Whether plugins may listen to `text`; if not, what its author may have meant. */
export function checkEventPattern(text: string): PatternCheck {
  if (isEventPattern(text)) return { ok: true, pattern: text };
  const suggestion = suggestPattern(text.trim().toLowerCase());
  return suggestion === undefined ? { ok: false } : { ok: false, suggestion };
}

/** `deal.won`, `deal.*`, `custom-visit.created`, `*` … */
export function isEventPattern(text: string): text is EventPattern {
  if (text === '*') return true;
  return text.endsWith('.*') ? isEntity(text.slice(0, -2)) : isEventType(text);
}

/**
 * The one filter over `crm.…` that covers all patterns. It may let through more than they say (two filters on one
 * durable made consuming 5 to 20 times slower): sift with {@link matchesPatterns}.
 */
export function patternFilters(patterns: readonly EventPattern[]): string {
  if (patterns.length === 0) throw new MeshError('MESH_PLUGIN_INVALID', 'A plugin names no events.');
  const entity = findCommon(patterns.map((pattern) => splitPattern(pattern)[0]));
  const action = findCommon(patterns.map((pattern) => splitPattern(pattern)[1]));
  return entity === '*' && action === '*' ? 'crm.>' : `crm.*.*.${entity}.${action}.*`;
}

/** Whether an event's subject (`crm.…`, or the same under `direct.<consumer>.…`) is one that the patterns ask for. */
export function matchesPatterns(patterns: readonly EventPattern[], subject: string): boolean {
  const end = subject.lastIndexOf('.');
  const beforeAction = subject.lastIndexOf('.', end - 1);
  const start = subject.lastIndexOf('.', beforeAction - 1) + 1;
  if (start <= 0 || beforeAction < start) return false;
  const type = subject.slice(start, end);
  const all = `${subject.slice(start, beforeAction)}.*`;
  return patterns.some((pattern) => pattern === '*' || pattern === type || pattern === all);
}

function splitPattern(pattern: EventPattern): [entity: string, action: string] {
  if (pattern === '*') return ['*', '*'];
  const dot = pattern.indexOf('.');
  return [pattern.slice(0, dot), pattern.slice(dot + 1)];
}

function findCommon(words: readonly string[]): string {
  const first = words[0] ?? '*';
  return words.every((word) => word === first) ? first : '*';
}

function suggestPattern(text: string): EventPattern | undefined {
  const [word = '', ...rest] = text.split('.');
  const action = rest.join('.') || '*';
  const entity = OTHER_NAMES.get(word) ?? word;
  const candidates = isEntity(entity) ? listPatterns(entity) : ENTITIES.flatMap(listPatterns);
  return findNearest(`${entity}.${action}`, candidates);
}

function listPatterns(entity: Entity): EventPattern[] {
  return ['*', ...listActions(entity)].map((action) => `${entity}.${action}` as EventPattern);
}

function findNearest(text: string, candidates: readonly EventPattern[]): EventPattern | undefined {
  let nearest: EventPattern | undefined;
  // Farther than a third of what was typed is a guess, not a suggestion.
  let least = Math.floor(Math.min(text.length, 30) / 3) + 1;
  for (const candidate of candidates) {
    const edits = Math.abs(candidate.length - text.length) >= least ? least : distance(text, candidate);
    if (edits < least) [nearest, least] = [candidate, edits];
  }
  return nearest;
}
