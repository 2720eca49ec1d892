import type { CrmChange, ObjectRef } from '../../crm/crm-change.js';
import { userOf } from '../schema/users.js';

export interface Stamp {
  createdAtMs: number;
  createdById: string;
  modifiedById: string;
  modifiedAtMs: number;
  /** A long transaction commits later than its stamp says: until then nobody reads the row. */
  visibleAtMs: number;
}

const keyOf = ({ type, id }: ObjectRef): string => `${type}/${id}`;

/**
 * Who changed a record last, and when, as Salesforce sees it: a change of somebody else's lookup does not touch the
 * record that is pointed at, as a link of the core does.
 */
export class Stamps {
  private readonly stamps = new Map<string, Stamp>();

  read(ref: ObjectRef): Stamp | undefined {
    return this.stamps.get(keyOf(ref));
  }

  /** All changes of a transaction have its time. */
  mark({ type, id, actor }: CrmChange, { atMs, visibleAtMs }: { atMs: number; visibleAtMs: number }): void {
    const modifiedById = userOf(actor);
    const { createdById = modifiedById, createdAtMs = atMs } = this.read({ type, id }) ?? {};
    this.stamps.set(keyOf({ type, id }), { createdAtMs, createdById, modifiedById, modifiedAtMs: atMs, visibleAtMs });
  }
}
