import { DiscardPolicy, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { nanos } from '@nats-io/transport-node';

export type StreamName =
  'CRM_RAW' | 'CRM_EVENTS' | 'CRM_DIRECT' | 'CRM_COMMANDS' | 'CRM_DEAD' | 'CRM_AUDIT' | 'CRM_ADVISORIES';

/** What mesh.yaml may say of a stream; 0 means no limit. */
export interface StreamOptions {
  replicas?: number;
  maxAgeMs?: number;
  maxBytes?: number;
}

interface StreamSpec {
  description: string;
  subjects: string[];
  /** `new`: a full stream refuses, because what it holds is owed to somebody. `old`: it is a log, the oldest goes. */
  discard: 'new' | 'old';
  /** 0: for ever. */
  maxAgeMs: number;
}

const DAY_MS = 24 * 3_600_000;
/** How long a message id is remembered; the fence of design §3.2. */
const DUPLICATE_WINDOW_MS = 120_000;
const ADVISORY_KINDS = ['MAX_DELIVERIES', 'MSG_TERMINATED'] as const;
/** The streams that have durables whose advisories matter. */
const WATCHED: readonly StreamName[] = ['CRM_RAW', 'CRM_EVENTS', 'CRM_DIRECT', 'CRM_COMMANDS'];

/** The streams of design §4. */
const SPECS: Record<StreamName, StreamSpec> = {
  CRM_RAW: {
    description: 'Notifications as CRMs sent them; full, it refuses; the publisher trims what is settled',
    subjects: ['raw.>'],
    discard: 'new',
    // With an age, what was answered 2xx would vanish while the normaliser is down.
    maxAgeMs: 0,
  },
  CRM_EVENTS: {
    description: 'Canonical events: crm.<tenant>.<connection>.<entity>.<action>.<id>',
    subjects: ['crm.>'],
    discard: 'old',
    maxAgeMs: 400 * DAY_MS,
  },
  CRM_DIRECT: {
    description: 'Redrive, repair and replay to one consumer: direct.<consumer>.<...>',
    subjects: ['direct.>'],
    discard: 'new',
    maxAgeMs: 400 * DAY_MS,
  },
  CRM_COMMANDS: {
    description: 'Write-back: cmd.<tenant>.<connection>.<entity>.<verb>.<id>',
    subjects: ['cmd.>'],
    discard: 'new',
    maxAgeMs: 400 * DAY_MS,
  },
  CRM_DEAD: {
    description: 'Open dead letters: dead.<consumer>.<...>; resolving one deletes it',
    subjects: ['dead.>'],
    discard: 'new',
    maxAgeMs: 0,
  },
  CRM_AUDIT: {
    description: 'What people and repairs did: audit.<kind>.<...>',
    subjects: ['audit.>'],
    discard: 'old',
    maxAgeMs: 0,
  },
  CRM_ADVISORIES: {
    description: 'Max-deliveries and terminated advisories of the streams of the mesh',
    subjects: ADVISORY_KINDS.flatMap((kind) =>
      WATCHED.map((stream) => `$JS.EVENT.ADVISORY.CONSUMER.${kind}.${stream}.*`),
    ),
    discard: 'old',
    maxAgeMs: 90 * DAY_MS,
  },
};

export const STREAM_NAMES = Object.keys(SPECS) as StreamName[];

/** What the server is asked for; the rest is its default. */
export type WantedStream = Pick<
  StreamConfig,
  | 'name'
  | 'description'
  | 'subjects'
  | 'retention'
  | 'storage'
  | 'discard'
  | 'max_age'
  | 'max_bytes'
  | 'num_replicas'
  | 'duplicate_window'
  | 'allow_direct'
>;

export function describeStream(name: StreamName, options: StreamOptions = {}): WantedStream {
  const { description, subjects, discard, maxAgeMs: usualAgeMs } = SPECS[name];
  const maxAgeMs = options.maxAgeMs ?? usualAgeMs;
  return {
    name,
    description,
    subjects,
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: discard === 'new' ? DiscardPolicy.New : DiscardPolicy.Old,
    max_age: nanos(maxAgeMs),
    max_bytes: options.maxBytes || -1,
    num_replicas: options.replicas ?? 1,
    // A window longer than the age is refused by the server.
    duplicate_window: nanos(maxAgeMs > 0 ? Math.min(DUPLICATE_WINDOW_MS, maxAgeMs) : DUPLICATE_WINDOW_MS),
    allow_direct: true,
  };
}
