import type { ObjectType } from './object-types.js';

/** Who makes a change, as events and property histories tell it. */
export interface Actor {
  changeSource: 'CRM_UI' | 'INTEGRATION';
  sourceId: string;
  userId?: number;
}

export interface ObjectRef {
  type: ObjectType;
  id: string;
}

interface Change extends ObjectRef {
  atMs: number;
  actor: Actor;
}

/** One thing that happened to one object: what a subscription can match. */
export type CrmChange =
  | (Change & { kind: 'creation' | 'deletion' | 'restore' | 'privacyDeletion' })
  | (Change & { kind: 'propertyChange'; property: string; value: string })
  | (Change & { kind: 'merge'; primaryId: string; mergedIds: readonly string[]; propertiesMoved: number })
  | (Change & { kind: 'associationChange'; to: ObjectRef; removed: boolean; primary: boolean });
