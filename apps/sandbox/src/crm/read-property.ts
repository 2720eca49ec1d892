import type { CrmObject, Snapshot } from './crm-object.js';
import { TYPE_FACTS } from './object-types.js';
import { findDealStage } from './pipelines.js';

/** What HubSpot calculates and nobody can write. */
const CALCULATED = [
  'hs_object_id',
  'createdate',
  'hs_createdate',
  'lastmodifieddate',
  'hs_lastmodifieddate',
  'hs_is_closed',
  'hs_is_closed_won',
  'hs_deal_stage_probability',
  'associatedcompanyid',
  'hs_merged_object_ids',
];

export function isCalculated(property: string): boolean {
  return CALCULATED.includes(property);
}

/** A property as the API shows it; null: it has no value. */
export function readProperty(object: CrmObject, property: string, state: Snapshot = object): string | null {
  const { createdProperty, modifiedProperty } = TYPE_FACTS[object.type];
  if (property === 'hs_object_id') return object.id;
  if (property === createdProperty) return new Date(object.createdAtMs).toISOString();
  if (property === modifiedProperty) return new Date(state.updatedAtMs).toISOString();
  return state.properties.get(property) ?? calculateProperty(object, property, state);
}

export function isClosedDeal({ type, properties }: CrmObject): boolean {
  return type === 'deals' && findDealStage(properties.get('pipeline'), properties.get('dealstage'))?.isClosed === true;
}

function calculateProperty({ type }: CrmObject, property: string, { properties }: Snapshot): string | null {
  if (type === 'deals') return calculateOfDeal(property, properties);
  return type === 'line_items' && property === 'amount' ? multiply(properties) : null;
}

function calculateOfDeal(property: string, properties: ReadonlyMap<string, string>): string | null {
  const stage = findDealStage(properties.get('pipeline'), properties.get('dealstage'));
  if (property === 'hs_is_closed') return String(stage?.isClosed ?? false);
  if (property === 'hs_is_closed_won') return String(stage?.isClosed === true && stage.probability === 1);
  return property === 'hs_deal_stage_probability' && stage ? String(stage.probability) : null;
}

function multiply(properties: ReadonlyMap<string, string>): string | null {
  const price = properties.get('price');
  return price === undefined ? null : (Number(price) * Number(properties.get('quantity') ?? '1')).toFixed(2);
}
