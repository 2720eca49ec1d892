import type { ToldChange, ToldCopy, ToldNotification, ToldPlace } from '@crm-mesh/control';
import type { ToldError } from '@crm-mesh/delivery';
import type { TimelineEntry } from '../mesh/build-timeline.js';
import { cutText } from './format.js';

/** How a message is called: `v3`, where it is an event of the record. */
export type NamePlace = (place: ToldPlace) => string;

const ERROR_CHARACTERS = 120;
const VALUE_CHARACTERS = 60;

const REASONS: Record<NonNullable<ToldNotification['reason']>, string> = {
  duplicate: 'the CRM had said it before',
  stale: 'a later change was known',
  same: 'nothing new in it',
  merged: 'another record had swallowed it',
  'unknown-deleted': 'nobody was ever told of the record',
  unknown: 'no event of that time is kept any more',
};

const FATES: Record<Exclude<ToldNotification['fate'], 'told' | 'told-together' | 'dropped'>, string> = {
  waiting: 'waits for the normaliser',
  retrying: 'failed, and is tried again',
  parked: 'failed, and waits in the store',
  dead: 'a dead letter of the normaliser',
  closed: 'its dead letter was dropped',
};

/** Who did it, and what, in words. */
export function describeEntry(entry: TimelineEntry, nameOf: NamePlace): [who: string, what: string] {
  switch (entry.kind) {
    case 'notification':
      return [entry.origin, describeNotification(entry)];
    case 'event':
      return ['mesh', `${nameOf({ stream: 'CRM_EVENTS', sequence: entry.sequence })} ${describeChange(entry)}`];
    case 'failure':
      return [entry.consumer, `failed at ${nameOf(entry)}: ${describeError(entry.error)}`];
    case 'buried': {
      const state = entry.isOpen ? `dead letter ${entry.letter}` : `dead letter ${entry.letter}, closed since`;
      return [entry.consumer, `gave up ${nameOf(entry.original)}: ${state}: ${describeError(entry.error)}`];
    }
    case 'sent':
      return [entry.copy.by ?? 'mesh', describeCopy(entry.copy, nameOf)];
    case 'deed':
      return [entry.by, describeDeed(entry, nameOf)];
    case 'done': {
      const receipt = entry.receipt === undefined ? '' : `, receipt ${cutText(JSON.stringify(entry.receipt), 80)}`;
      return [entry.consumer, `has done ${nameOf(entry)}${receipt}`];
    }
  }
}

function describeNotification(told: ToldNotification): string {
  const when = told.modifiedAt === undefined ? '' : ` at ${told.modifiedAt}`;
  return `${told.change}${when}, verified by ${told.verifiedBy}: ${describeFate(told)}`;
}

function describeFate({ fate, version, reason }: ToldNotification): string {
  if (fate === 'told') return `told as v${version}`;
  if (fate === 'told-together') return `told together with others as v${version}`;
  return fate === 'dropped' ? `dropped, ${REASONS[reason ?? 'unknown']}` : FATES[fate];
}

function describeChange({ type, origin, changed, changes, mergedIds, mergedInto }: ToldChange): string {
  const fields = changes
    ? Object.entries(changes).map(([field, { from, to }]) => `${field}: ${showValue(from)} → ${showValue(to)}`)
    : changed;
  return [
    `${type} (${origin})`,
    ...(fields.length > 0 ? [`changed ${fields.join(', ')}`] : []),
    ...(mergedIds ? [`swallowed ${mergedIds.join(', ')}`] : []),
    ...(mergedInto === undefined ? [] : [`went into ${mergedInto}`]),
  ].join('; ');
}

function showValue(value: unknown): string {
  return value === undefined ? '∅' : cutText(JSON.stringify(value), VALUE_CHARACTERS);
}

const SENT: Record<ToldCopy['kind'], string> = {
  redrive: 'redrove',
  replay: 'replayed',
  repair: 'repaired',
  snapshot: 'sent as it is',
  sent: 'sent',
};

function describeCopy({ kind, consumer, original, version, run, patch, again }: ToldCopy, nameOf: NamePlace): string {
  const what = original ? nameOf(original) : version === undefined ? 'it' : `v${version}`;
  const more = [
    ...(run === undefined ? [] : [`run ${run}`]),
    ...(patch === undefined ? [] : [`patch ${patch}`]),
    ...(again ? ['whatever came since'] : []),
  ];
  return `${SENT[kind]} ${what} to ${consumer}${more.length > 0 ? ` (${more.join(', ')})` : ''}`;
}

function describeDeed(deed: TimelineEntry & { kind: 'deed' }, nameOf: NamePlace): string {
  const what = deed.original ? nameOf(deed.original) : 'it';
  switch (deed.did) {
    case 'redrive':
      return `closed dead letter ${deed.letter?.sequence} of ${deed.consumer}: redriven`;
    case 'drop':
      return `dropped dead letter ${deed.letter?.sequence} of ${deed.consumer}, ${what} is not run`;
    case 'superseded': {
      const newer = deed.newer === undefined ? 'a newer event' : nameOf({ stream: 'CRM_EVENTS', sequence: deed.newer });
      return `asked ${deed.consumer} to run ${what} again; it was not, for ${newer} was`;
    }
    case 'repair':
      return `repaired with ${deed.consumer}: ${deed.label} (run ${deed.run})`;
  }
}

export function describeError({ name, message }: ToldError): string {
  return cutText(message === undefined ? name : `${name}: ${message}`, ERROR_CHARACTERS);
}
