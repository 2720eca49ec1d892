import type { DigestsAnswer, DigestsQuestion, PageAnswer, PageQuestion } from '@crm-mesh/contract';
import type { Log } from '../log.js';
import type { Injected, InjectionToken } from '../providers.js';
import type { SinkReader } from '../sink/sink-transaction.js';

/** What a plugin's `reconcile` gets beside the question. */
export interface ReconcileContext<C = unknown, I extends readonly InjectionToken[] = readonly InjectionToken[]> {
  /** The plugin's part of mesh.yaml, checked. */
  config: C;
  /** Aborts when the time for an answer is up. */
  signal: AbortSignal;
  /** Lines carry the plugin. */
  log: Log;
  /** The providers that `inject` names, in its order. */
  injected: Injected<I>;
  /** Reads the plugin's `sink`; absent in a plugin without one. */
  sink?: SinkReader;
}

/**
 * What a plugin can say of what lies downstream, so that it can be compared with the mesh. It only reads. `reconcileTable`
 * makes one for a SQL table, `reconcileList` one for anything that can be listed.
 */
export interface PluginReconcile<C = unknown, I extends readonly InjectionToken[] = readonly InjectionToken[]> {
  /** Of which it holds records: `['contact']`. */
  entities: readonly string[];
  /**
   * What stands behind a record in a page. `version`: the record version that was applied last, with `!` behind it where
   * somebody has edited the record since. `fields`: `markFields` of what lies there now.
   */
  marks: 'version' | 'fields';
  /** Where `marks` is `fields`: which fields, by entity, in the names that events have. */
  fields?: Readonly<Record<string, readonly string[]>>;
  /** A part of the records, in the order of their places: see {@link PageAnswer}. */
  page(question: PageQuestion, context: ReconcileContext<C, I>): Promise<PageAnswer>;
  /** Numbers and digests of ranges: what makes a comparison of a million records cheap. */
  digests?(question: DigestsQuestion, context: ReconcileContext<C, I>): Promise<DigestsAnswer>;
}
