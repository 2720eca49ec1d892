import { isEventType, type Change, type DealStatus } from '@crm-mesh/contract';
import type { MappingConfig } from './mapping-config.js';

/** What the `type` of an incoming event means to the mesh. */
export interface ReadType {
  entity: string;
  change: Change;
  /** `deal.won` says so by itself. */
  status?: DealStatus | 'approved';
}

const STATUS_BY_ACTION: Readonly<Record<string, ReadType['status']>> = {
  won: 'won',
  lost: 'lost',
  reopened: 'open',
  approved: 'approved',
};
const FURTHER_ACTIONS = ['stage-changed', ...Object.keys(STATUS_BY_ACTION)];

/** `com.example.crm.deal.won` with its prefix configured, or a type that the table names. Undefined: an unknown type. */
export function readEventType(
  type: string,
  mapping: Pick<MappingConfig, 'typePrefix' | 'types'>,
): ReadType | undefined {
  const own = type.startsWith(mapping.typePrefix) ? type.slice(mapping.typePrefix.length) : type;
  const canonical = Object.hasOwn(mapping.types, type) ? mapping.types[type]! : own;
  if (!isEventType(canonical)) return undefined;
  const dot = canonical.indexOf('.');
  const action = canonical.slice(dot + 1);
  const status = STATUS_BY_ACTION[action];
  return {
    entity: canonical.slice(0, dot),
    change: FURTHER_ACTIONS.includes(action) ? 'updated' : (action as Change),
    ...(status && { status }),
  };
}
