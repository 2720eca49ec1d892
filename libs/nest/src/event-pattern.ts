import type { EventPattern as MeshPattern, MeshEvent } from '@crm-mesh/contract';
import { EventPattern as NestEventPattern } from '@nestjs/microservices';
import type { EventOptions } from './event-handlers.js';
import type { MeshContext } from './mesh-context.js';
import { MESH } from './mesh-transport.js';

/** Of a method that takes the event and, if it wants, the context. */
export type EventMethodDecorator<P extends MeshPattern> = <
  Handler extends (event: MeshEvent<P>, context: MeshContext) => unknown,
>(
  target: object,
  key: string | symbol,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void;

/**
 * Nest's `@EventPattern`, with the mesh's types: `tsc` refuses a wrong event, option or type of the event. Nest's own does
 * the same at run time, and is checked when the app starts.
 * @example
 * \@EventPattern('deal.won', { consumer: 'billing' })
 * async onWon(@Payload() event: MeshEvent<'deal.won'>, @Ctx() context: MeshContext) { … }
 */
export function EventPattern<const P extends MeshPattern>(
  events: P | readonly P[],
  options: EventOptions<P>,
): EventMethodDecorator<P> {
  return NestEventPattern<unknown>(events, MESH, options);
}
