/** The `data` of an event, of whichever version. */
export type VersionedData = Record<string, unknown>;

/**
 * One change of what an entity's events carry that a reader of the old form could not live with. Pure functions over `data` as a
 * whole, `changes` too; of `deleted` and `erased` events most fields may be missing.
 */
export interface SchemaStep {
  /** To the version after: for old events that are read today. */
  up(data: VersionedData): VersionedData;
  /** To the version before: for plugins that were written for it. What did not exist there is left out. */
  down(data: VersionedData): VersionedData;
}

/** By entity (`custom`: all custom ones): the first step leads from version 1 to version 2. */
export type SchemaSteps = Readonly<Record<string, readonly SchemaStep[]>>;

/** None so far: every entity is at version 1. A step is never changed once events of its version were told. */
export const SCHEMA_STEPS: SchemaSteps = {};
