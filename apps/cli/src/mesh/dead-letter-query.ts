import { formatRecordKey, parseEventSubject, parseRawSubject } from '@crm-mesh/contract';

/** Which dead letters are meant; all that is given must be so. */
export interface DeadLetterQuery {
  consumer?: string;
  group?: string;
  /** Buried at or after, and before; in milliseconds since 1970. */
  since?: number;
  until?: number;
  /** `deal/4711`, or `acme/hubspot/deal/4711`. */
  record?: string;
  /** Stop after so many. */
  limit?: number;
}

export function matchesQuery(
  letter: { consumer: string; group: string; buriedAt: string; original: { subject: string } },
  { consumer, group, since = -Infinity, until = Infinity, record }: DeadLetterQuery,
): boolean {
  const buriedMs = Date.parse(letter.buriedAt);
  return (
    (consumer === undefined || letter.consumer === consumer) &&
    (group === undefined || letter.group === group) &&
    buriedMs >= since &&
    buriedMs < until &&
    (record === undefined || isOfRecord(letter.original.subject, record))
  );
}

/** Whether the query says anything but how many. */
export function narrows({ consumer, group, since, until, record }: DeadLetterQuery): boolean {
  return [consumer, group, since, until, record].some((part) => part !== undefined);
}

function isOfRecord(subject: string, record: string): boolean {
  const key = parseEventSubject(subject) ?? parseRawSubject(subject);
  return key !== undefined && [formatRecordKey(key), `${key.entity}/${key.id}`].includes(record);
}
