export interface StreamState {
  name: string;
  /** Changes when a stream is deleted and made anew: sequences mean something only together with it. */
  incarnation: string;
  firstSequence: number;
  lastSequence: number;
  messages: number;
  bytes: number;
  subjectCount: number;
  /** What it may hold; 0: no limit. */
  maxMessages: number;
  maxBytes: number;
}

/** `explicit`: each by itself. `all`: an ack settles what is older, too. `none`: delivered is settled. */
export type AckMode = 'explicit' | 'all' | 'none';

/** Set when the durable is created; an operator's later changes win. */
export interface DurableSpec {
  stream: string;
  name: string;
  description: string;
  filterSubject: string;
  startFrom: 'new' | 'all' | { sequence: number } | { time: string };
  /** Default `explicit`. It cannot be changed later. */
  ack?: AckMode;
  /** With `ack: 'none'` neither this nor `maxAckPending` means anything. */
  ackWaitMs: number;
  maxAckPending: number;
  metadata: Record<string, string>;
}

export interface DurableState {
  stream: string;
  name: string;
  createdAt: string;
  filterSubject: string;
  ack: AckMode;
  /** 0 with `ack: 'none'`. */
  ackWaitMs: number;
  maxDeliver: number;
  maxAckPending: number;
  paused: boolean;
  /** Not delivered yet. */
  pending: number;
  /** Delivered, not settled. */
  ackPending: number;
  /** Delivered at least once more. */
  redelivered: number;
  /** What lies before it was never meant for it; absent where it began with all. */
  startSequence?: number;
  /** The same by time, RFC 3339. */
  startTime?: string;
  /** Stream sequence of the newest delivery. */
  deliveredSequence: number;
  /** How many deliveries there were: the consumer sequence of the newest. */
  deliveredCount: number;
  /** Stream sequence up to which everything is settled. */
  ackFloorSequence: number;
  metadata?: Record<string, string>;
}
