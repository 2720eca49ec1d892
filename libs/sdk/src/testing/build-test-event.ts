import {
  buildEvent,
  isKnownEntity,
  type AnyRecord,
  type EventType,
  type FieldChange,
  type MeshEvent,
  type Origin,
} from '@crm-mesh/contract';
import { parseEvent, validateEvent } from '@crm-mesh/contract/checking';
import { CUSTOM_SAMPLE, SAMPLES } from './samples.js';

/** Fields of the record that matter to the test; the rest has believable defaults. */
export type TestEventData<T extends EventType> = Partial<MeshEvent<T>['data']>;

/** What a test may say of the envelope. */
export interface TestEventOptions {
  /** Default `acme`. */
  tenant?: string;
  /** Default `hubspot`. */
  connection?: string;
  /** Default 1. */
  version?: number;
  /** Default `webhook`. */
  origin?: Origin;
  /** ISO 8601; default 2026-01-15T09:30:00.000Z. */
  time?: string;
  /** Default: made of the record id and the version. */
  correlationId?: string;
  /** Default: made of the record id and the version. */
  causationId?: string;
}

/** Fields that follow from the action. */
const BY_ACTION: Readonly<Record<string, Record<string, unknown>>> = {
  won: {
    status: 'won',
    stage: 'closedwon',
    stageName: 'Closed won',
    probability: 1,
    changes: { status: { from: 'open', to: 'won' } },
  },
  lost: {
    status: 'lost',
    stage: 'closedlost',
    stageName: 'Closed lost',
    probability: 0,
    changes: { status: { from: 'open', to: 'lost' } },
  },
  reopened: { status: 'open', changes: { status: { from: 'lost', to: 'open' } } },
  'stage-changed': { changes: { stage: { from: 'new', to: 'qualified' } } },
  approved: { status: 'approved', changes: { status: { from: 'draft', to: 'approved' } } },
  merged: { mergedIds: ['999'] },
};

/**
 * A canonical event as the mesh would tell it, checked by its schema (MESH_EVENT_INVALID names the wrong field).
 * @example buildTestEvent('deal.won', { amount: { value: '250.00', currency: 'EUR' } })
 */
export function buildTestEvent<T extends EventType>(
  type: T,
  data: TestEventData<T> = {},
  options: TestEventOptions = {},
): MeshEvent<T> {
  const [entity = '', action = ''] = type.split('.');
  const { changes, mergedIds, ...record } = {
    id: '4711',
    changes: {},
    ...sampleOf(entity, action),
    ...data,
  } as TestRecord;
  const version = options.version ?? 1;
  const event = buildEvent({
    address: {
      tenant: options.tenant ?? 'acme',
      connection: options.connection ?? 'hubspot',
      entity,
      action,
      id: record.id,
    },
    version,
    origin: options.origin ?? 'webhook',
    time: options.time ?? '2026-01-15T09:30:00.000Z',
    correlationId: options.correlationId ?? `test-${record.id}-${version}`,
    causationId: options.causationId ?? `test-${record.id}-${version}`,
    record,
    changes,
    mergedIds,
  });
  // Through the wire form, as the host gets it: what JSON does not carry must not reach a handler in tests either.
  const parsed = parseEvent<T>(JSON.stringify(event));
  validateEvent(parsed);
  return parsed;
}

type TestRecord = AnyRecord & { changes: Record<string, FieldChange>; mergedIds?: string[] };

function sampleOf(entity: string, action: string): object {
  if (action === 'erased') return {};
  const sample = isKnownEntity(entity) ? SAMPLES[entity] : CUSTOM_SAMPLE;
  return { ...sample, ...BY_ACTION[action] };
}
