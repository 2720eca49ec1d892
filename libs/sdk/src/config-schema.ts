/**
 * The part of Standard Schema 1 that we use, so that zod, valibot, arktype … can describe a configuration.
 * @see https://standardschema.dev
 */
export interface StandardSchema<T = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<T> | Promise<StandardResult<T>>;
    readonly types?: { readonly input: unknown; readonly output: T } | undefined;
  };
}

export type StandardResult<T> =
  { readonly value: T; readonly issues?: undefined } | { readonly issues: readonly StandardIssue[] };

export interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A class-validator class, or any Standard Schema. */
export type ConfigSchema<T> = (new () => T) | StandardSchema<T>;
