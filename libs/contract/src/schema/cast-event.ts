import type { MeshEvent } from '../envelope.js';
import { dataSchemaUrl, nameSchema, schemaVersion } from './json-schema.js';
import { SCHEMA_STEPS, type SchemaSteps, type VersionedData } from './steps.js';

/** Which versions of records a reader was written for, by entity (`custom`: all custom ones). */
export type SchemaVersions = Readonly<Record<string, number>>;

/** The event as its entity is told today, whenever it was told. One of a version that nobody here knows is left as it is. */
export function upcastEvent(event: MeshEvent, steps: SchemaSteps = SCHEMA_STEPS): MeshEvent {
  const entity = entityOf(event);
  // Hardly ever otherwise, and asked of every event.
  if (event.dataschema === dataSchemaUrl(entity, steps)) return event;
  return castEvent(event, schemaVersion(entity, steps), steps);
}

/** The event as a reader knows it that was written for older versions of records; of entities that it does not name, as it is. */
export function castForReader(
  event: MeshEvent,
  versions: SchemaVersions | undefined,
  steps: SchemaSteps = SCHEMA_STEPS,
): MeshEvent {
  const version = versions?.[nameSchema(entityOf(event))];
  return version === undefined ? event : castEvent(event, version, steps);
}

/** The `data` of an entity of one version as that of another. */
function castData(
  entity: string,
  data: VersionedData,
  { from, to, steps }: { from: number; to: number; steps: SchemaSteps },
): VersionedData {
  const own = steps[nameSchema(entity)] ?? [];
  let cast = data;
  for (const { up } of own.slice(from - 1, Math.max(from, to) - 1)) cast = up(cast);
  for (const { down } of own.slice(to - 1, Math.max(from, to) - 1).toReversed()) cast = down(cast);
  return cast;
}

function castEvent(event: MeshEvent, to: number, steps: SchemaSteps): MeshEvent {
  const entity = entityOf(event);
  const newest = schemaVersion(entity, steps);
  const from = readVersion(event, newest, steps);
  if (from === undefined || from === to || to > newest) return event;
  const data = castData(entity, event.data as unknown as VersionedData, { from, to, steps });
  return { ...event, dataschema: dataSchemaUrl(entity, steps, to), data: data as unknown as MeshEvent['data'] };
}

/** Undefined: it is none of ours, or newer than what is known here. */
function readVersion(event: MeshEvent, newest: number, steps: SchemaSteps): number | undefined {
  const version = Number(event.dataschema.slice(event.dataschema.lastIndexOf('/') + 1));
  const isKnown = Number.isInteger(version) && version >= 1 && version <= newest;
  return isKnown && event.dataschema === dataSchemaUrl(entityOf(event), steps, version) ? version : undefined;
}

function entityOf({ type }: MeshEvent): string {
  return type.split('.', 2)[1] ?? '';
}
