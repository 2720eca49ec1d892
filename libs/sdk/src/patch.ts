import type { MeshEvent } from '@crm-mesh/contract';

/** Recognises a patch across copies of this package. */
export const PATCH_MARK = Symbol.for('@crm-mesh/sdk/patch');

/** What a patch may know of the dead letter whose payload it mends. */
export interface PatchedLetter {
  /** Sequence in CRM_DEAD. */
  sequence: number;
  /** The plugin that gave it up, or `normaliser`. */
  consumer: string;
  /** The version of the code that failed. */
  version: string;
  /** The group in which `mesh dead list --groups` shows it. */
  group: string;
  /** `acme/hubspot/deal/4711` */
  record: string;
  /** RFC 3339. */
  buriedAt: string;
  /** How often it was tried. */
  attemptCount: number;
  /** What the last attempt failed with. */
  error: {
    /** Such as `PermanentError`. */
    name: string;
    /** What it says. */
    message: string;
    /** Such as `ECONNREFUSED`; absent where the error had none. */
    code?: string;
  };
}

/** Payload in, mended payload out; `undefined` leaves the dead letter as it is. It may change what it is given. */
export type PatchFunction<T = MeshEvent> = (
  payload: T,
  letter: PatchedLetter,
) => T | undefined | Promise<T | undefined>;

/** What {@link definePatch} gives. */
export interface Patch<T = MeshEvent> {
  /** Marks it as a patch. */
  readonly [PATCH_MARK]: true;
  /** As it was defined. */
  readonly apply: PatchFunction<T>;
}

/**
 * The default export of a patch file, for `mesh dead patch` and `mesh dead redrive --patch`. Of a plugin's dead letters the
 * payload is a `MeshEvent`; for the normaliser's write `definePatch<Notification>`.
 */
export function definePatch<T = MeshEvent>(apply: PatchFunction<T>): Patch<T> {
  return { [PATCH_MARK]: true, apply };
}
