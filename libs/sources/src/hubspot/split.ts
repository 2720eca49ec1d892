import type { Change } from '@crm-mesh/contract';
import type { NotificationDraft, SourceContext, WebhookRequest } from '@crm-mesh/sdk';
import { isObject, parseJsonBody, readId, refuseNotification, toIsoTime } from '@crm-mesh/sdk/kit';
import type { HubspotConfig } from './config.js';
import { entityOfName, entityOfTypeId } from './object-types.js';

type Item = Readonly<Record<string, unknown>>;

const CHANGES: Readonly<Record<string, Change>> = {
  creation: 'created',
  propertyChange: 'updated',
  associationChange: 'updated',
  deletion: 'deleted',
  privacyDeletion: 'erased',
  restore: 'restored',
  merge: 'merged',
};

/** One notification per item. Kinds of events that are about no CRM object (`conversation.…`) are left out on purpose. */
export function splitHubspot(request: WebhookRequest, context: SourceContext<HubspotConfig>): NotificationDraft[] {
  const items = parseJsonBody(request.body);
  if (!Array.isArray(items)) throw refuseNotification('the body is no list of events.');
  const leftOut = new Set<string>();
  const drafts = items.flatMap((item: unknown, index) => {
    if (!isObject(item)) throw refuseNotification(`item ${index} is no object.`);
    checkPortal(item, index, context.config);
    return readItem(item, index, leftOut) ?? [];
  });
  if (leftOut.size > 0) {
    // One short line, whatever the request holds.
    const subscriptionTypes = [...leftOut].slice(0, 5).map((type) => type.slice(0, 100));
    context.log.warn({ subscriptionTypes }, 'events that are about no CRM object were left out');
  }
  return drafts;
}

function checkPortal(item: Item, index: number, { portalId }: HubspotConfig): void {
  const found = readId(item.portalId);
  if (portalId === undefined || found === portalId) return;
  throw refuseNotification(
    `item ${index} is of the portal ${found?.slice(0, 20) ?? '(none)'}, but this connection stands for the portal ${portalId}; give every portal a connection and an app of its own.`,
  );
}

function readItem(item: Item, index: number, leftOut: Set<string>): NotificationDraft | undefined {
  const subscriptionType = typeof item.subscriptionType === 'string' ? item.subscriptionType : '';
  const dot = subscriptionType.indexOf('.');
  const [family, verb] = [subscriptionType.slice(0, Math.max(dot, 0)), subscriptionType.slice(dot + 1)];
  const entity = family === 'object' ? entityOfTypeId(typeIdOf(item)) : entityOfName(family);
  const change = Object.hasOwn(CHANGES, verb) ? CHANGES[verb] : undefined;
  if (family === '') throw refuseNotification(`item ${index} has no subscriptionType.`);
  if (family === 'object' && !entity) throw refuseNotification(`item ${index} has no objectTypeId.`);
  if (!entity || !change) {
    leftOut.add(subscriptionType);
    return undefined;
  }
  const id = recordIdOf(item, verb);
  if (id === undefined) throw refuseNotification(`item ${index} (${subscriptionType}) names no object.`);
  const modifiedAt = toIsoTime(item.occurredAt, 'ms');
  return {
    entity,
    id,
    change,
    dedupeKey: dedupeKeyOf(item),
    ...(modifiedAt !== undefined && { modifiedAt }),
    ...(change === 'merged' && { mergedIds: mergedIdsOf(item, id) }),
    payload: item,
  };
}

function typeIdOf(item: Item): string {
  return readId(item.objectTypeId) ?? readId(item.fromObjectTypeId) ?? '';
}

/** Of an association the record it starts from (HubSpot tells both directions); of a merge the one that remains. */
function recordIdOf(item: Item, verb: string): string | undefined {
  if (verb === 'associationChange') return readId(item.fromObjectId) ?? readId(item.objectId);
  if (verb === 'merge') return readId(item.newObjectId) ?? readId(item.primaryObjectId) ?? readId(item.objectId);
  return readId(item.objectId);
}

/** The new id can differ from both inputs: then the primary record is swallowed too. */
function mergedIdsOf(item: Item, remaining: string): string[] {
  const merged = Array.isArray(item.mergedObjectIds) ? (item.mergedObjectIds as unknown[]) : [];
  const ids = [item.primaryObjectId, ...merged].map(readId).filter((id) => id !== undefined && id !== remaining);
  return [...new Set(ids as string[])];
}

/** HubSpot's eventId alone is not unique, and attemptNumber changes with every retry. */
function dedupeKeyOf(item: Item): string {
  const parts = [
    item.portalId,
    item.subscriptionId,
    item.eventId,
    item.occurredAt,
    item.objectId ?? item.fromObjectId,
    item.propertyName,
  ];
  return parts.map((part) => readId(part) ?? '').join('/');
}
