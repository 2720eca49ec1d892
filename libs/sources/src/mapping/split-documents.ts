import type { Notification } from '@crm-mesh/contract';
import type { MappedRecord, NotificationDraft, SourceContext } from '@crm-mesh/sdk';
import { isObject, readId, refuseMapping, refuseNotification } from '@crm-mesh/sdk/kit';
import { readEventType } from './event-type.js';
import { findId, findModifiedAt, mapDocument, type EventDocument } from './map-document.js';
import { readFieldKinds } from './field-kinds.js';
import type { MappingConfig } from './mapping-config.js';
import { readPath } from './read-path.js';

type Context = SourceContext<{ mapping: MappingConfig }>;

/** The notification of one event; undefined when its type is unknown and to be ignored. */
export function draftNotification(
  document: EventDocument,
  { dedupeKey, timePath }: { dedupeKey: string; timePath: string },
  { config: { mapping }, log }: Context,
): NotificationDraft | undefined {
  const type = typeof document.type === 'string' ? document.type : '';
  const read = readEventType(type, mapping);
  if (!read) {
    if (mapping.unknownTypes === 'refuse')
      throw refuseNotification(
        `the event type "${type.slice(0, 100)}" is unknown: set mapping.typePrefix, or name it in mapping.types.`,
      );
    log.debug({ type: type.slice(0, 100) }, 'an event of an unknown type was left out');
    return undefined;
  }
  const id = findId(document, mapping);
  if (id === undefined) throw refuseNotification(`the event has no id at \`${mapping.id}\`, and no subject.`);
  const modifiedAt = findModifiedAt(document, mapping.modifiedAt ?? timePath);
  return {
    entity: read.entity,
    id,
    change: read.change,
    dedupeKey,
    ...(modifiedAt !== undefined && { modifiedAt }),
    ...(read.change === 'merged' && { mergedIds: readMergedIds(document, mapping) }),
    payload: document,
  };
}

/** The record that a notification's own event tells of. */
export function mapNotification(
  { notification }: { notification: Notification },
  { config: { mapping } }: Context,
): MappedRecord {
  const { change, entity, id, modifiedAt, payload } = notification;
  if (change === 'deleted' || change === 'erased') {
    return { state: change, ...(modifiedAt !== undefined && { modifiedAt }) };
  }
  if (!isObject(payload)) throw refuseMapping('The notification holds no event.');
  const read = readEventType(typeof payload.type === 'string' ? payload.type : '', mapping);
  return mapDocument(
    payload,
    { entity, change, id, modifiedAt, ...(read?.status && { status: read.status }) },
    mapping,
  );
}

/** What of an event the mapping reads: what its rules name, and every field that is called as ours is. */
export function listRead(entity: string, { mapping }: { mapping: MappingConfig }): readonly string[] {
  const rules = [...(mapping.entities.get(entity)?.fields ?? [])];
  const ruled = new Set(rules.map(([field]) => field));
  const own = [...readFieldKinds(entity).keys()].filter((field) => !ruled.has(field));
  return [
    ...rules.flatMap(([field, { path = field, const: constant }]) => (constant === undefined ? [path] : [])),
    ...own,
  ];
}

function readMergedIds(document: EventDocument, mapping: MappingConfig): string[] {
  const ids: unknown = readPath(readPath(document, mapping.record), 'mergedIds');
  return Array.isArray(ids) ? (ids as unknown[]).flatMap((id: unknown) => readId(id) ?? []) : [];
}
