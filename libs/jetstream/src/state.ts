export interface StreamState {
  name: string;
  /** Changes when a stream is deleted and made anew: sequences mean something only together with it. */
  incarnation: string;
  firstSequence: number;
  lastSequence: number;
  messages: number;
  bytes: number;
  subjectCount: number;
}

/** Set when the durable is created; an operator's later changes win. */
export interface DurableSpec {
  stream: string;
  name: string;
  description: string;
  filterSubject: string;
  startFrom: 'new' | 'all' | { sequence: number } | { time: string };
  ackWaitMs: number;
  maxAckPending: number;
  metadata: Record<string, string>;
}

export interface DurableState {
  stream: string;
  name: string;
  createdAt: string;
  filterSubject: string;
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
  /** Stream sequence of the newest delivery. */
  deliveredSequence: number;
  /** Stream sequence up to which everything is settled. */
  ackFloorSequence: number;
  metadata?: Record<string, string>;
}
