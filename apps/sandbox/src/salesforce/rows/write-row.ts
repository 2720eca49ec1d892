import { findLinkFacts } from '../../crm/association-types.js';
import type { Actor, ObjectRef } from '../../crm/crm-change.js';
import type { CrmStore } from '../../crm/crm-store.js';
import type { ObjectType } from '../../crm/object-types.js';
import { isId, readId } from '../ids.js';
import { refuse } from '../salesforce-error.js';
import { isNumberType, isWritable, type Field, type SObject } from '../schema/field.js';
import { findField } from '../schema/field-book.js';
import { findStageByName } from '../schema/stages.js';
import { readUser } from '../schema/users.js';
import { readDate, readTime } from '../times.js';

export type Input = Readonly<Record<string, unknown>>;

interface Write {
  properties: Record<string, string | null>;
  links: { type: ObjectType; id: string | null }[];
}

/** Checks all that can be, and returns what does it. */
export function planCreate(store: CrmStore, object: SObject, input: Input, actor: Actor): () => ObjectRef {
  const type = typeOf(object);
  const missing = object.fields
    .filter(({ isRequired, name }) => isRequired && (input[name] ?? '') === '')
    .map(({ name }) => name);
  if (missing.length > 0)
    throw refuse('REQUIRED_FIELD_MISSING', `Required fields are missing: [${missing.join(', ')}]`, missing);
  const { properties, links } = readInput(object, input);
  const wished = links.flatMap(({ type: to, id }) =>
    id === null ? [] : [{ to: { type: to, id }, typeIds: linkTypes(type, to) }],
  );
  for (const { to } of wished) checkTarget(store, to);
  return () => store.create(type, properties, { actor, links: wished });
}

export function planUpdate(
  store: CrmStore,
  object: SObject,
  { ref, input, actor }: { ref: ObjectRef; input: Input; actor: Actor },
): () => void {
  const { properties, links } = readInput(object, input);
  for (const { type, id } of links) if (id !== null) checkTarget(store, { type, id });
  return () => {
    if (Object.keys(properties).length > 0) store.update(ref, properties, actor);
    for (const { type, id } of links) {
      if (id !== null) store.associate(ref, { to: { type, id }, typeIds: linkTypes(ref.type, type) }, actor);
      else for (const link of store.listLinks(ref, type)) store.dissociate(ref, { type, id: link.id }, actor);
    }
  };
}

function typeOf({ type, name }: SObject): ObjectType {
  if (type === undefined) throw refuse('INVALID_TYPE_FOR_OPERATION', `entity type ${name} does not support create`);
  return type;
}

/** A lookup is the one that counts. */
function linkTypes(from: ObjectType, to: ObjectType): number[] {
  const primary = findLinkFacts(from, to)?.primary;
  return primary ? [primary.typeId] : [];
}

function checkTarget(store: CrmStore, { type, id }: ObjectRef): void {
  if (!store.find(type, id)) throw refuse('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', []);
}

function readInput(object: SObject, input: Input): Write {
  const write: Write = { properties: {}, links: [] };
  for (const [name, value] of Object.entries(input)) {
    if (name === 'attributes' || name.toLowerCase() === 'id') continue;
    const field = findField(object, name);
    if (!field) throw refuse('INVALID_FIELD', `No such column '${name}' on sobject of type ${object.name}`);
    if (!isWritable(field)) {
      throw refuse(
        'INVALID_FIELD_FOR_INSERT_UPDATE',
        `Unable to create/update fields: ${field.name}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
        [field.name],
      );
    }
    if (field.link) write.links.push({ type: field.link, id: readReference(field, value) });
    else Object.assign(write.properties, readProperty(field, value));
  }
  return write;
}

function readReference(field: Field, value: unknown): string | null {
  if (value === null || value === '') return null;
  const read = typeof value === 'string' ? readId(value) : undefined;
  if (!read) throw malformedId(field, value);
  return read.coreId;
}

function malformedId({ name }: Field, value: unknown): Error {
  const code = typeof value === 'string' && isId(value) ? 'INVALID_CROSS_REFERENCE_KEY' : 'MALFORMED_ID';
  return refuse(code, `${name}: id value of incorrect type: ${String(value)}`, [name]);
}

function readProperty(field: Field, value: unknown): Record<string, string | null> {
  const property = field.property ?? '';
  if (value === null || value === '') return { [property]: null };
  if (property === 'dealstage') return readStage(value);
  return { [property]: readText(field, value) };
}

/** The core's stage lies in a pipeline, which Salesforce has not. */
function readStage(value: unknown): Record<string, string> {
  const stage = findStageByName(String(value));
  if (!stage) {
    throw refuse(
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      `Stage: bad value for restricted picklist field: ${String(value)}`,
      ['StageName'],
    );
  }
  return { pipeline: stage.pipelineId, dealstage: stage.stageId };
}

function readText(field: Field, value: unknown): string {
  const { type, name } = field;
  const wrong = (): Error =>
    refuse('JSON_PARSER_ERROR', `Cannot deserialize instance of ${type} from ${typeof value} value ${String(value)}`, [
      name,
    ]);
  if (typeof value === 'object') throw wrong();
  const content = String(value);
  if (isNumberType(type)) return Number.isFinite(Number(content)) ? content : raise(wrong());
  if (type === 'boolean') return content === 'true' || content === 'false' ? content : raise(wrong());
  if (type === 'date' || type === 'datetime')
    return new Date(readDate(content) ?? readTime(content) ?? raise(wrong())).toISOString();
  if (type === 'reference') return readUser(content) ?? raise(malformedId(field, value));
  return content;
}

function raise(error: Error): never {
  throw error;
}
