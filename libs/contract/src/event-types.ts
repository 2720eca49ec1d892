/** The kinds of canonical records that have a class of their own; any other entity is a custom record. */
export const ENTITIES = [
  'contact',
  'company',
  'lead',
  'deal',
  'product',
  'order',
  'quote',
  'contract',
  'invoice',
  'payment',
  'activity',
  'ticket',
] as const;
/** A kind of record with a class of its own, in the singular: `deal`. */
export type KnownEntity = (typeof ENTITIES)[number];

/** A known entity, or the lower-case name of a custom one (`custom-…`). */
export type Entity = KnownEntity | `custom-${string}`;

/** The actions of every entity, custom ones included. */
export const COMMON_ACTIONS = ['created', 'updated', 'deleted', 'restored', 'merged', 'erased'] as const;
const DEAL_ACTIONS = [...COMMON_ACTIONS, 'stage-changed', 'won', 'lost', 'reopened'] as const;
const APPROVAL_ACTIONS = [...COMMON_ACTIONS, 'approved'] as const;

/** Which actions an entity's events can carry. Each event has exactly one: the most specific. */
export const ACTIONS = {
  contact: COMMON_ACTIONS,
  company: COMMON_ACTIONS,
  lead: COMMON_ACTIONS,
  deal: DEAL_ACTIONS,
  product: COMMON_ACTIONS,
  order: COMMON_ACTIONS,
  quote: APPROVAL_ACTIONS,
  contract: APPROVAL_ACTIONS,
  invoice: COMMON_ACTIONS,
  payment: COMMON_ACTIONS,
  activity: COMMON_ACTIONS,
  ticket: COMMON_ACTIONS,
} as const satisfies Record<KnownEntity, readonly string[]>;

/** An action that the events of every entity can carry. */
export type CommonAction = (typeof COMMON_ACTIONS)[number];
/** An action that the events of deals can carry. */
export type DealAction = (typeof DEAL_ACTIONS)[number];
/** Any action of any entity. */
export type Action = (typeof ACTIONS)[KnownEntity][number];

/** `deal.won`, `contact.created` … : entity and action, as plugins name them. */
export type EventType =
  { [E in KnownEntity]: `${E}.${(typeof ACTIONS)[E][number]}` }[KnownEntity] | `custom-${string}.${CommonAction}`;

/** What a plugin may listen to: one event type, all of an entity (`deal.*`), or everything (`*`). */
export type EventPattern = EventType | `${KnownEntity}.*` | `custom-${string}.*` | '*';

/** The entities that a pattern stands for: of `deal.won` it is `deal`, of `*` all of them. */
export type EntityOf<P extends EventPattern> = P extends '*'
  ? KnownEntity | `custom-${string}`
  : P extends `${infer E}.${string}`
    ? E
    : never;

/** Custom entities: lower-case letters, digits, `-` and `_`, so that they need no escaping in subjects. */
const CUSTOM_ENTITY = /^custom-[a-z0-9_-]{1,100}$/;

/** Whether it is one of {@link ENTITIES}; custom ones are not. */
export function isKnownEntity(text: string): text is KnownEntity {
  return Object.hasOwn(ACTIONS, text);
}

/** Whether events can be told of it: a known entity, or `custom-` and 1 to 100 of `a-z0-9_-`. */
export function isEntity(text: string): text is Entity {
  return isKnownEntity(text) || CUSTOM_ENTITY.test(text);
}

/** The actions that an entity's events can carry. */
export function listActions(entity: Entity): readonly Action[] {
  return isKnownEntity(entity) ? ACTIONS[entity] : COMMON_ACTIONS;
}

/** Whether `crm.<entity>.<action>` is an event that can be told. */
export function isEventType(text: string): text is EventType {
  const dot = text.indexOf('.');
  const entity = text.slice(0, dot);
  return dot !== -1 && isEntity(entity) && (listActions(entity) as readonly string[]).includes(text.slice(dot + 1));
}
