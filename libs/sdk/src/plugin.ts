import type { EventPattern, KnownEntity, MeshEvent } from '@crm-mesh/contract';
import type { ConfigSchema } from './config-schema.js';
import type { DeliveryOptions, DeliveryPreset } from './delivery-options.js';
import type { Log } from './log.js';
import type { Injected, InjectionToken } from './providers.js';
import type { PluginReconcile } from './reconcile/plugin-reconcile.js';
import type { SinkTransaction, SinkWork } from './sink/sink-transaction.js';

/** What a handler gets beside the event. */
export interface PluginContext<C = unknown, I extends readonly InjectionToken[] = readonly InjectionToken[]> {
  /** The plugin's part of mesh.yaml, checked. */
  config: C;
  /** Aborts when the time is up, or when the host wants to stop; hand it to `fetch` and friends. */
  signal: AbortSignal;
  /** The same for every attempt at this event by this plugin; hand it to systems that know idempotency keys. */
  idempotencyKey: string;
  /** 1 for the first run. */
  attempt: number;
  /** Lines carry the plugin, the record and the correlation id by themselves. */
  log: Log;
  /**
   * Does the work in one transaction of the plugin's `sink`, together with the row that says that this event is done. Where
   * that row is there already, the work is not done again, and what it gave back then is given back. Once in a run. What it
   * gives back is JSON, at most 16 KiB. Rolled back when the work throws, and when the signal aborts.
   */
  transaction<Result>(work: SinkWork<Result>): Promise<Result>;
  /** The providers that `inject` names, in its order. */
  injected: Injected<I>;
}

/** What `setup` and `teardown` get. */
export interface PluginLifecycleContext<
  C = unknown,
  I extends readonly InjectionToken[] = readonly InjectionToken[],
> extends Pick<PluginContext<C, I>, 'config' | 'log' | 'injected'> {
  /** A transaction in the plugin's `sink`, about no event: to make its tables. */
  transaction<Result>(work: SinkWork<Result>): Promise<Result>;
}

/** What `handleBatch` gets beside the events. */
export interface BatchContext<
  C = unknown,
  I extends readonly InjectionToken[] = readonly InjectionToken[],
  P extends EventPattern = EventPattern,
> extends Pick<PluginContext<C, I>, 'config' | 'signal' | 'log' | 'injected'> {
  /** As {@link PluginContext.idempotencyKey}, of one event. */
  idempotencyKey(event: MeshEvent): string;
  /** 1 for the first run; of the event that has had the most. */
  attempt: number;
  /**
   * As {@link PluginContext.transaction}, for the whole batch: the work gets those of its events that are not done yet, and
   * is not run where there are none. What it names as failed gets no row; give back what this gives back.
   */
  transaction(
    work: (tx: SinkTransaction, events: readonly MeshEvent<P>[]) => Promise<BatchResult | void>,
  ): Promise<BatchResult>;
}

/** Which events of a batch failed; all others are done. */
export interface BatchResult {
  /** `id`: the event's; `error`: as if `handle` had thrown it for this event (see `PermanentError`, `RetryLater`). */
  failed?: readonly { id: string; error: unknown }[];
}

/** What a handler may return: a receipt is kept with the event (an invoice number, a remote id). */
export interface HandlerResult {
  /** Any JSON value. */
  receipt?: unknown;
}

/** A drop-in consumer of canonical events. */
export interface PluginDefinition<
  P extends EventPattern = EventPattern,
  C = unknown,
  I extends readonly InjectionToken[] = readonly InjectionToken[],
> {
  /** Lower-case letters, digits and dashes, at most 32; the durable consumer's name. */
  name: string;
  /** One line for people: shown by `mesh plugin list` and `nats consumer info`. */
  description?: string;
  /** Which events: `deal.won`, `deal.*`, `*`. */
  events: readonly P[];
  /**
   * Fields of the records that it needs, by entity: `deal.amount`, `deal.custom.region`. Nothing is left out of events for
   * it: a change of a CRM's schema names the plugins that read what has changed.
   */
  reads?: readonly string[];
  /**
   * The versions of records that it was written for, by entity: `{ deal: 1 }`. It goes on getting these when the model moves on.
   * Of entities that are not named it gets the newest, also of events that were told long ago.
   */
  schemas?: Readonly<Partial<Record<KnownEntity | 'custom', number>>>;
  /** Describes `plugins.<name>` of mesh.yaml; wrong values are refused with the key's name. */
  config?: ConfigSchema<C>;
  /** How events are delivered; `plugins.<name>.delivery` of mesh.yaml overrides it, key by key. */
  delivery?: DeliveryOptions | DeliveryPreset;
  /** Nest modules whose providers `inject` names. They live where the plugin runs, from before `setup` until after `teardown`. */
  imports?: readonly object[];
  /** Which providers `context.injected` holds: `inject: [BillingService]`. */
  inject?: I;
  /**
   * The plugin's own database, `sqlite:<file>` or `postgres://…`: opened where the handler runs, for `transaction`. The table
   * `mesh_inbox` is made in it.
   */
  sink?(config: C): string;
  /** What is kept in order; default: the record. Return the same text for what must not run side by side. */
  key?(event: MeshEvent<P>): string;
  /** Runs once before the first event, e.g. to open a connection. */
  setup?(context: PluginLifecycleContext<C, I>): Promise<void> | void;
  /** Handles one event. Returning settles it; throwing retries it (see `PermanentError`, `RetryLater`, `Unavailable`). */
  handle?(event: MeshEvent<P>, context: PluginContext<C, I>): Promise<HandlerResult | void> | HandlerResult | void;
  /**
   * Instead of `handle`: handles many events at once, see `delivery.batch`. Events of one record lie together, the oldest
   * first. Returning settles those that it does not name as failed; throwing retries them all.
   */
  handleBatch?(
    events: readonly MeshEvent<P>[],
    context: BatchContext<C, I, P>,
  ): Promise<BatchResult | void> | BatchResult | void;
  /** Says what lies downstream, so that it can be compared with the mesh: `reconcileTable` and `reconcileList` make one. */
  reconcile?: PluginReconcile<C, I>;
  /** Runs once after the last event. */
  teardown?(context: PluginLifecycleContext<C, I>): Promise<void> | void;
}

/** Marks a plugin's definition, so that the host knows it from any other object. */
export const PLUGIN_MARK = '@crm-mesh/plugin@1';

/** A definition that went through {@link definePlugin}: what the host looks for in a default export. */
export type Plugin<
  P extends EventPattern = EventPattern,
  C = unknown,
  I extends readonly InjectionToken[] = readonly InjectionToken[],
> = PluginDefinition<P, C, I> & {
  readonly kind: typeof PLUGIN_MARK;
};

/**
 * Defines a plugin: the default export of `plugins/<name>.plugin.ts`. It checks nothing itself and never throws: `tsc`
 * refuses a wrong event name or option; the host, `mesh plugin check` and `testPlugin` refuse at load, with
 * MESH_PLUGIN_INVALID: a name that is not 1 to 32 lower-case letters, digits and dashes beginning with a letter, or is
 * one of the mesh's own; neither or both of `handle` and `handleBatch`; events that there are not; a `config` that is no class or Standard
 * Schema; delivery options out of range; keys that nobody knows. The host also refuses a name that is not its file's,
 * or is taken by another file.
 * @example
 * export default definePlugin({
 *   name: 'greeter',
 *   events: ['contact.created'],
 *   handle(event, { log }) { log.info(`hello ${event.data.firstName}`); },
 * });
 */
export function definePlugin<
  const P extends EventPattern,
  C = unknown,
  const I extends readonly InjectionToken[] = readonly [],
>(definition: PluginDefinition<P, C, I> & ({ handle: unknown } | { handleBatch: unknown })): Plugin<P, C, I> {
  return { ...definition, kind: PLUGIN_MARK };
}
