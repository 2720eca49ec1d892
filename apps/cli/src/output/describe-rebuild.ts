import type { RebuildState } from '@crm-mesh/control';
import type { RebuildPace } from '../mesh/follow-rebuild.js';
import { formatCount, formatDuration } from './format.js';

/** `12,000 of 80,000 events read; 9,400 a second, 7 s left` */
export function describeProgress(status: RebuildState, { perSecond, leftMs }: RebuildPace): string {
  const rate = perSecond === undefined ? '' : `; ${formatCount(perSecond)} a second`;
  const left = leftMs === undefined ? '' : `, ${formatDuration(leftMs)} left`;
  return `${describePhase(status)}${rate}${left}`;
}

function describePhase({ phase, events, totalEvents, compared, totalRecords }: RebuildState): string {
  switch (phase) {
    case 'emptying':
      return 'making room';
    case 'reading':
      return `${formatCount(events)} of ${formatCount(totalEvents)} events read`;
    case 'comparing':
      return `${formatCount(compared)} of ${formatCount(Math.max(compared, totalRecords))} records compared`;
    case 'leaving':
      return 'clearing up';
  }
}

/** What came of it, a line for each thing worth knowing. */
export function describeFindings({ goal, events, compared, found }: RebuildState): string[] {
  const { different, missing, unlogged, examples, wrongRanges = [] } = found;
  const did = goal === 'rebuild' ? 'built anew' : 'verified';
  const outcome = goal === 'rebuild' ? 'now as the log says' : 'not as the log says';
  return [
    `The ledger was ${did} from ${formatCount(events)} events, and ${formatCount(compared)} records compared.`,
    ...(isClean({ found }) ? ['Nothing differed.'] : []),
    ...(different > 0 ? [`${formatCount(different)} records differed (${outcome}): ${examples.join(', ')}`] : []),
    ...(missing > 0 ? [`${formatCount(missing)} records of the log were missing.`] : []),
    ...(wrongRanges.length > 0 ? [`${formatCount(wrongRanges.length)} digests of ranges were wrong.`] : []),
    ...(unlogged > 0
      ? [`${formatCount(unlogged)} records have no events in the log any more, and stay as they are.`]
      : []),
  ];
}

export function isClean({ found: { different, missing, wrongRanges = [] } }: Pick<RebuildState, 'found'>): boolean {
  return different === 0 && missing === 0 && wrongRanges.length === 0;
}
