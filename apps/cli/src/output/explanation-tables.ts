import type { PluginTrace, RecordHistory } from '@crm-mesh/control';
import pc from 'picocolors';
import { buildTimeline } from '../mesh/build-timeline.js';
import type { Explanation } from '../mesh/explain-record.js';
import { describeEntry, describeError, type NamePlace } from './describe-entry.js';
import { renderTable } from './table.js';

/** A record's history for people: what it is, what happened in order, and where it stands with whom. */
export function renderExplanation(explanation: Explanation): string {
  const { history } = explanation;
  const nameOf = namePlaces(history);
  const timeline = buildTimeline(explanation).map((entry) => [pc.dim(entry.at), ...describeEntry(entry, nameOf)]);
  return [
    describeRecord(history),
    ...describeKept(history),
    renderTable([{ title: 'when' }, { title: 'who' }, { title: 'what' }], timeline),
    renderPlugins(explanation, nameOf),
    ...describeRest(explanation),
  ].join('\n\n');
}

function describeRecord({ record, aliases, ledger, differences }: RecordHistory): string {
  const state = ledger ? (ledger.version === 0 ? 'told nobody' : `${ledger.state}, v${ledger.version}`) : 'unknown';
  return [
    `${pc.bold(record)}  ${state}${ledger ? `, seen ${ledger.seenAt}` : ''}`,
    ...(ledger?.mergedInto === undefined ? [] : [`merged into ${ledger.mergedInto}: mesh explain shows that one, too`]),
    ...(aliases.length === 0 ? [] : [`swallowed ${aliases.join(', ')}`]),
    ...differences.map(({ with: other, label, at, run }) => pc.yellow(`${label} with ${other} (${at}, run ${run})`)),
  ].join('\n');
}

function describeKept({ notifications, notificationsSince, events }: RecordHistory): string[] {
  const isCut = events.some(({ notification }) => notification === undefined);
  if (!isCut && notifications.length > 0) return [];
  return [pc.dim(`Notifications are kept since ${notificationsSince ?? 'now'}.`)];
}

/** An event by its version, with its record where that is another one; all else by its place. */
function namePlaces({ record, events }: RecordHistory): NamePlace {
  const names = new Map(
    events.map((event) => [
      event.sequence,
      event.record === record ? `v${event.version}` : `v${event.version} of ${event.record.split('/').at(-1)}`,
    ]),
  );
  return ({ stream, sequence }) =>
    (stream === 'CRM_EVENTS' ? names.get(sequence) : undefined) ?? `${NOUNS[stream] ?? stream} ${sequence}`;
}

const NOUNS: Readonly<Record<string, string>> = { CRM_RAW: 'notification', CRM_DIRECT: 'copy' };

const STANDINGS: Record<PluginTrace['standing'], string> = {
  agrees: pc.green('has it all'),
  behind: pc.yellow('not yet'),
  parked: pc.yellow('parked'),
  dead: pc.red('dead letter'),
  closed: pc.yellow('dropped'),
  'nothing-for-it': pc.dim('nothing for it'),
};

function renderPlugins({ plugins, away }: Explanation, nameOf: NamePlace): string {
  const rows = plugins.map((plugin) => {
    return [plugin.consumer, plugin.state, STANDINGS[plugin.standing], describePlugin(plugin, nameOf)];
  });
  const absent = away.map((name) => [name, pc.red('away'), pc.yellow('unknown'), 'no host answers for it']);
  if (rows.length + absent.length === 0) return pc.dim('No plugin has a place in the stream.');
  return renderTable(
    [{ title: 'plugin' }, { title: 'state' }, { title: 'now' }, { title: 'events' }],
    [...rows, ...absent],
  );
}

function describePlugin({ items, parked }: PluginTrace, nameOf: NamePlace): string {
  const verdicts = [...new Set(items.map(({ verdict }) => verdict))];
  const told = verdicts.map((verdict) => {
    const some = items.filter((item) => item.verdict === verdict);
    const names = some.length > 4 ? `${some.length} events` : some.map(nameOf).join(', ');
    return `${names} ${verdict}`;
  });
  return [...told, ...(parked ? [describeLane(parked)] : [])].join('; ');
}

function describeLane({ since, why, dueAt, heldBy, waiting }: NonNullable<PluginTrace['parked']>): string {
  const until = heldBy === undefined ? `next try ${dueAt}` : `held by dead letter ${heldBy}`;
  const reason = why ? `: ${describeError(why)}` : '';
  return `${waiting} wait${since === undefined ? '' : ` since ${since}`}, ${until}${reason}`;
}

function describeRest({ apps }: Explanation): string[] {
  if (apps.length === 0) return [];
  const names = apps.map(({ name, app }) => `${name} (${app})`).join(', ');
  return [pc.dim(`Not asked, as they keep their own books: ${names}.`)];
}
