import type { CrmChange } from '../../crm/crm-change.js';
import type { Random } from '../../crm/draw-ids.js';
import { isDateProperty, TYPE_FACTS } from '../../crm/object-types.js';
import { matchesSubscription, type Subscription } from './subscriptions.js';

/** One event as HubSpot sends it. Ids are numbers here, and text in the API. */
export interface WebhookItem {
  eventId: number;
  subscriptionId: number;
  portalId: number;
  appId: number;
  /** Epoch milliseconds. */
  occurredAt: number;
  subscriptionType: string;
  attemptNumber: number;
  objectId: number;
  objectTypeId?: string;
  changeFlag?: 'NEW' | 'DELETED';
  changeSource: string;
  sourceId?: string;
  propertyName?: string;
  propertyValue?: string;
  associationType?: string;
  fromObjectId?: number;
  toObjectId?: number;
  associationRemoved?: boolean;
  isPrimaryAssociation?: boolean;
  primaryObjectId?: number;
  mergedObjectIds?: number[];
  newObjectId?: number;
  numberOfPropertiesMoved?: number;
}

export interface App {
  portalId: number;
  appId: number;
  subscriptions: readonly Subscription[];
}

const EVENT_IDS = 4_000_000_000;

/** One item for each subscription that a change matches. */
export function listItems(changes: readonly CrmChange[], app: App, random: Random): WebhookItem[] {
  return changes.flatMap((change) =>
    app.subscriptions
      .filter((subscription) => matchesSubscription(subscription, change))
      .map((subscription) =>
        describeItem(change, { app, subscription, eventId: 1 + Math.floor(random() * EVENT_IDS) }),
      ),
  );
}

interface Frame {
  app: App;
  subscription: Subscription;
  eventId: number;
}

function describeItem(change: CrmChange, { app, subscription, eventId }: Frame): WebhookItem {
  return {
    eventId,
    subscriptionId: subscription.id,
    portalId: app.portalId,
    appId: app.appId,
    occurredAt: change.atMs,
    subscriptionType: subscription.eventType,
    attemptNumber: 0,
    objectId: Number(change.id),
    ...(subscription.objectTypeId && { objectTypeId: subscription.objectTypeId }),
    ...describeKind(change),
  };
}

function describeKind(change: CrmChange): Pick<WebhookItem, 'changeSource'> & Partial<WebhookItem> {
  const { changeSource, sourceId } = change.actor;
  const source = { changeSource, sourceId };
  switch (change.kind) {
    case 'creation':
      return { changeFlag: 'NEW', ...source };
    case 'deletion':
      return { changeFlag: 'DELETED', ...source };
    case 'propertyChange':
      return { propertyName: change.property, propertyValue: toWebhookValue(change.property, change.value), ...source };
    case 'merge':
      return { ...describeMerge(change), ...source };
    case 'associationChange':
      return { changeSource: changeSource === 'CRM_UI' ? 'USER' : changeSource, ...describeAssociation(change) };
    case 'privacyDeletion':
      return { changeSource };
    case 'restore':
      return source;
  }
}

function toWebhookValue(property: string, value: string): string {
  return isDateProperty(property) && value !== '' ? String(Date.parse(value)) : value;
}

function describeMerge(change: CrmChange & { kind: 'merge' }): Partial<WebhookItem> {
  return {
    primaryObjectId: Number(change.primaryId),
    mergedObjectIds: change.mergedIds.map(Number),
    newObjectId: Number(change.id),
    numberOfPropertiesMoved: change.propertiesMoved,
  };
}

function describeAssociation(change: CrmChange & { kind: 'associationChange' }): Partial<WebhookItem> {
  return {
    associationType: `${TYPE_FACTS[change.type].associationName}_TO_${TYPE_FACTS[change.to.type].associationName}`,
    fromObjectId: Number(change.id),
    toObjectId: Number(change.to.id),
    associationRemoved: change.removed,
    isPrimaryAssociation: change.primary,
  };
}
