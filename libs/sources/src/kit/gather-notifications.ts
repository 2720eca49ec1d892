import type { Notification } from '@crm-mesh/contract';

/**
 * The one notification that stands for all that were gathered of one record: an order to erase wins over everything,
 * else the newest; what any of them said of merged records is kept, and that it is news, even where a moment later the
 * CRM told of a link that the merge moved. The order of `gathered` does not matter. It carries
 * the CRM's object only where that is newer than every sign without one: else the CRM has to be asked.
 */
export function gatherNotifications(gathered: readonly [Notification, ...Notification[]]): Notification {
  const [newest] = [...gathered].toSorted(compareNewestFirst) as [Notification];
  const mergedIds = [...new Set(gathered.flatMap((notification) => notification.mergedIds ?? []))].toSorted();
  if (mergedIds.length === 0) return newest;
  const isMerge = newest.change === 'updated' && gathered.some(({ change }) => change === 'merged');
  return { ...newest, ...(isMerge && { change: 'merged' }), mergedIds };
}

function compareNewestFirst(left: Notification, right: Notification): number {
  return (
    Number(right.change === 'erased') - Number(left.change === 'erased') ||
    timeOf(right) - timeOf(left) ||
    Number(right.fetched === undefined) - Number(left.fetched === undefined) ||
    (left.dedupeKey < right.dedupeKey ? -1 : 1)
  );
}

function timeOf(notification: Notification): number {
  return Date.parse(notification.modifiedAt ?? notification.receivedAt);
}
