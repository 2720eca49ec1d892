/**
 * The part of Standard Schema 1 that we use, so that zod, valibot, arktype … can describe a configuration.
 * @see https://standardschema.dev
 */
export interface StandardSchema<T = unknown> {
  /** The name is the standard's; only `version` 1 is understood. */
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<T> | Promise<StandardResult<T>>;
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

/** What validating comes to: the value as the schema reads it, or what is wrong. */
export type StandardResult<T> =
  { readonly value: T; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

/** One thing that is wrong with a configuration. */
export interface StandardIssue {
  /** For people; it must not quote a secret. */
  readonly message: string;
  /** The key that it is about, from the outside in; absent: the whole value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A class-validator class, or any Standard Schema. */
export type ConfigSchema<T> = (new () => T) | StandardSchema<T>;
