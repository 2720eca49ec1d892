import type { Urgency } from '@crm-mesh/sdk';

/** What is known of CRM_RAW and of how far the normaliser is. */
export interface RawState {
  /** Notifications that the normaliser has not dealt with. */
  pending: number;
  messages: number;
  bytes: number;
  /** 0: no limit. */
  maxMessages: number;
  maxBytes: number;
}

interface Bounds {
  pending: number;
  /** Of each limit that the stream has. */
  share: number;
}

/** What is live waits behind all that is in the stream: what gives way to it stops early. */
const BOUNDS: Readonly<Record<Urgency, Bounds>> = {
  live: { pending: 10_000, share: 0.9 },
  repair: { pending: 5_000, share: 0.8 },
  backfill: { pending: 2_000, share: 0.7 },
};

/** Of each bound. */
const MUCH_ROOM = 0.8;

/** Why no more should be put into CRM_RAW now; undefined where it may. */
export function decidePressure(state: RawState, urgency: Urgency): string | undefined {
  const { pending, share } = BOUNDS[urgency];
  if (state.pending >= pending) return `the normaliser is ${state.pending} notifications behind`;
  const fullest = fillMost(state);
  return fullest >= share ? `CRM_RAW is at ${Math.floor(fullest * 100)} % of its limit` : undefined;
}

/** Whether what may be there is far from being there. */
export function hasMuchRoom(state: RawState, urgency: Urgency): boolean {
  const { pending, share } = BOUNDS[urgency];
  return state.pending < pending * MUCH_ROOM && fillMost(state) < share * MUCH_ROOM;
}

function fillMost({ messages, maxMessages, bytes, maxBytes }: RawState): number {
  return Math.max(fillOf(messages, maxMessages), fillOf(bytes, maxBytes));
}

function fillOf(amount: number, limit: number): number {
  return limit > 0 ? amount / limit : 0;
}
