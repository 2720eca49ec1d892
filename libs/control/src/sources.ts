import type { ApiQuota } from '@crm-mesh/sdk';

/** One of `mesh.ctl.publisher.sources`: how a connection's source is doing, as one publisher knows it. Times are ISO 8601. */
export interface SourceStatus {
  tenant: string;
  name: string;
  source: string;
  /** What it hears of changes by. */
  listens: {
    /** The path that the CRM posts to. */
    webhook?: string;
    /** `every 60000 ms`, or the cron expression. */
    poll?: string;
    subscription?: true;
  };
  /** This publisher reads from the CRM. */
  leads: boolean;
  /** Who does, as far as is known here. */
  holder?: string;
  /** By this publisher, whatever way it came. */
  lastNotificationAt?: string;
  perMinute: number;
  polls: PollStatus[];
  subscription?: Partial<TaskHealth> & { cursor?: string; takenAt: string; lost?: { at: string; why: string } };
  backfill?: BackfillStatus;
  quota?: ApiQuota;
  /** How webhooks and polls agree, since this publisher leads the normaliser. */
  webhooks?: { events: number; missed: number };
  unread: LeftOut[];
}

export interface PollStatus extends Partial<TaskHealth> {
  /** `repair`: over a hole in a stream. */
  work: 'poll' | 'repair';
  entity: string;
  /** All that changed before is told. */
  coveredTo?: string;
  /** Being asked. */
  window?: { from: string; to: string; cursor?: string };
  polledAt?: string;
  mayMiss?: { from: string; to: string };
}

export interface BackfillStatus extends BackfillState {
  health?: TaskHealth;
  /** Known where it runs: records in the last minute, and how long it will still take. */
  perMinute?: number;
  leftMs?: number;
}

/** How one of a connection's tasks is doing, where it runs. */
export interface TaskHealth {
  /** `held-back`: the mesh is behind. */
  state: 'waiting' | 'reading' | 'held-back' | 'failing';
  heldBack?: string;
  /** In a row. */
  failures: number;
  /** The last one; it stays when all is well again. */
  error?: { at: string; message: string };
  nextAt?: string;
}

/** One entity of a backfill. */
export interface EntityBackfill {
  entity: string;
  /** Records that were read. */
  records: number;
  /** How many there are, where the CRM says it. */
  total?: number;
  cursor?: string;
  isDone?: true;
}

/** The last backfill of a connection; kept in the store. */
export interface BackfillState {
  run: string;
  /** Who asked for it. */
  by: string;
  begunMs: number;
  /** Of the last page. */
  savedMs?: number;
  entities: readonly EntityBackfill[];
  /** Absent: it runs. */
  ended?: { atMs: number; how: 'over' | 'cancelled' };
}

/** How many records are told without a field, as it could not be read when the CRM was heard of them last. */
export interface LeftOut {
  entity: string;
  field: string;
  records: number;
}
