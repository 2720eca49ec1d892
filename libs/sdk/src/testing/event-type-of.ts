import type { CommonAction, EventPattern, EventType, KnownEntity } from '@crm-mesh/contract';

/** The event types that a pattern stands for: `deal.*` → `deal.created` | `deal.won` … */
export type EventTypeOf<P extends EventPattern> = P extends '*'
  ? EventType
  : P extends `${infer E}.*`
    ? E extends KnownEntity
      ? Extract<EventType, `${E}.${string}`>
      : Extract<`${E}.${CommonAction}`, EventType>
    : Extract<P, EventType>;
