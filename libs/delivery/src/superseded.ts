/** One waiting event, as far as the decision needs it. */
export interface WaitingEvent {
  stream: string;
  /** `crm.<tenant>.<connection>.<entity>.<action>.<id>`. */
  subject: string;
}

export interface LaneView {
  /** The oldest of the lane, in order. */
  oldest: readonly WaitingEvent[];
  /** All that wait in the lane, those included. */
  waitingCount: number;
  /** Once so many wait, the lane has fallen behind. 0: never. */
  afterEvents: number;
}

const ACTION_TOKEN = 4;

/**
 * How many of the oldest events of a lane may be passed over, because a newer one says all that they say. Only an
 * `updated` of CRM_EVENTS that the next event of the lane repeats, for the same record, with the whole state as it was
 * then. Any other action, and another record's event in between, must be seen by the plugin in its place.
 */
export function countSuperseded({ oldest, waitingCount, afterEvents }: LaneView): number {
  if (afterEvents === 0 || waitingCount < Math.max(afterEvents, 2)) return 0;
  const [first] = oldest;
  if (!first || first.stream !== 'CRM_EVENTS' || first.subject.split('.')[ACTION_TOKEN] !== 'updated') return 0;
  let same = 1;
  while (oldest[same]?.stream === first.stream && oldest[same]?.subject === first.subject) same++;
  return same - 1;
}
