import type { AnyRecord, Change } from '@crm-mesh/contract';

/** Recognises a mapping across copies of this package. */
export const MAPPING_MARK = Symbol.for('@crm-mesh/sdk/mapping');

/** What a mapping may know of the record that it finishes. */
export interface MappingInput<R = AnyRecord> {
  /** A canonical entity, or `custom-…`. */
  entity: string;
  /** What the CRM says happened. */
  change: Change;
  /** The record as the source and the rules of mesh.yaml made it; it may be changed. */
  record: R;
  /** The CRM's own object: as its API gives it, or as its webhook carries it. */
  object: unknown;
}

/** The finished record; `undefined` leaves it as it came in. */
export type MappingFunction<R = AnyRecord> = (
  input: MappingInput<R>,
) => NoInfer<R> | undefined | Promise<NoInfer<R> | undefined>;

/** What {@link defineMapping} gives. */
export interface Mapping<R = AnyRecord> {
  /** Marks it as a mapping. */
  readonly [MAPPING_MARK]: true;
  /** As it was defined. */
  readonly apply: MappingFunction<R>;
}

/**
 * The default export of the file that `connections[].mapping.file` of mesh.yaml names. It has the last word on every record
 * of the connection, before the record is validated; what it throws makes a dead letter of the normaliser.
 */
export function defineMapping<R = AnyRecord>(apply: MappingFunction<R>): Mapping<R> {
  return { [MAPPING_MARK]: true, apply };
}
