import type { Actor } from '../../crm/crm-change.js';
import type { ObjectType } from '../../crm/object-types.js';

/** What the controllers need to know of the portal. */
export class ApiOptions {
  /** Who writes through the API: the app itself. */
  readonly actor: Actor;
  /** Types of which a merge leaves a third id. */
  readonly mergeMakesNewId: readonly ObjectType[];
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly searchLagMs: () => number;

  constructor(options: Pick<ApiOptions, 'actor' | 'mergeMakesNewId' | 'now' | 'searchLagMs'>) {
    this.actor = options.actor;
    this.mergeMakesNewId = options.mergeMakesNewId;
    this.now = options.now;
    this.searchLagMs = options.searchLagMs;
  }
}
