import { SCHEMA_STEPS, type SchemaSteps } from './steps.js';

/** As much of JSON Schema (draft-07, which AsyncAPI 3 takes as it is) as the contract uses. */
export interface JsonSchema {
  $schema?: string;
  $id?: string;
  $ref?: string;
  title?: string;
  description?: string;
  type?: string;
  const?: unknown;
  enum?: readonly unknown[];
  pattern?: string;
  format?: string;
  minLength?: number;
  minimum?: number;
  maximum?: number;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  additionalProperties?: boolean | JsonSchema;
  allOf?: JsonSchema[];
  anyOf?: JsonSchema[];
  definitions?: Record<string, JsonSchema>;
}

export const DRAFT = 'http://json-schema.org/draft-07/schema#';
const BASE_URL = 'https://crm-mesh.dev/schema';
/** Of what is no entity. */
const OTHER_VERSION = 1;

/** Custom entities share one schema. */
export type SchemaName = string;

/** The schema that an entity goes by: its own, or `custom`. */
export function nameSchema(entity: string): SchemaName {
  return entity.startsWith('custom-') ? 'custom' : entity;
}

/** Raised with every change that a reader of the old version could not live with: each is a step. */
export function schemaVersion(entity: string, steps: SchemaSteps = SCHEMA_STEPS): number {
  return 1 + (steps[nameSchema(entity)]?.length ?? 0);
}

/** What stands in `dataschema`, and the `$id` of the schema of an entity's event data. */
export function dataSchemaUrl(
  entity: string,
  steps: SchemaSteps = SCHEMA_STEPS,
  version = schemaVersion(entity, steps),
): string {
  return `${BASE_URL}/${nameSchema(entity)}/${version}`;
}

export function recordSchemaUrl(name: SchemaName): string {
  return `${BASE_URL}/record/${name}/${schemaVersion(name)}`;
}

/** `of` is an event type without `crm.`, or `envelope`. */
export function eventSchemaUrl(of: string): string {
  return `${BASE_URL}/event/${of}/${schemaVersion(of.split('.', 1)[0]!)}`;
}

export function notificationSchemaUrl(): string {
  return `${BASE_URL}/notification/${OTHER_VERSION}`;
}
