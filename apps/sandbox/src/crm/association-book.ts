import { findLinkFacts, type AssociationType } from './association-types.js';
import type { ObjectRef } from './crm-change.js';
import type { ObjectType } from './object-types.js';

export interface Link {
  id: string;
  types: readonly AssociationType[];
}

/** One end's view of a link; both ends are kept. */
interface End extends ObjectRef {
  primary: boolean;
}

/** Which way a link changed; the caller tells both directions. */
export interface LinkChange {
  from: ObjectRef;
  to: ObjectRef;
  removed: boolean;
  primary: boolean;
}

const keyOf = ({ type, id }: ObjectRef): string => `${type}/${id}`;

/** Who is linked with whom. Every method that writes returns what changed, once per link. */
export class AssociationBook {
  private readonly ends = new Map<string, Map<string, End>>();

  /** The first one of a kind that has a primary becomes it by itself. */
  link(from: ObjectRef, to: ObjectRef, wantsPrimary: boolean): LinkChange[] {
    const facts = findLinkFacts(from.type, to.type);
    if (facts?.primary && !facts.choosesPrimary) return this.link(to, from, wantsPrimary);
    const present = this.findEnd(from, to);
    const current = [...this.endsOf(from).values()].find((end) => end.type === to.type && end.primary);
    const primary = facts?.primary !== undefined && (wantsPrimary || !current || current.id === to.id);
    const changes: LinkChange[] = [];
    if (primary && current && current.id !== to.id) changes.push(this.demote(from, current));
    if (!present) changes.push({ from, to, removed: false, primary: false });
    if (primary && !present?.primary) changes.push({ from, to, removed: false, primary: true });
    this.write(from, to, primary);
    return changes;
  }

  unlink(from: ObjectRef, to: ObjectRef): LinkChange[] {
    const end = this.findEnd(from, to);
    if (!end) return [];
    this.endsOf(from).delete(keyOf(to));
    this.endsOf(to).delete(keyOf(from));
    const removed: LinkChange = { from, to, removed: true, primary: false };
    return end.primary ? [removed, { ...removed, primary: true }] : [removed];
  }

  isPrimary(from: ObjectRef, to: ObjectRef): boolean {
    return this.findEnd(from, to)?.primary ?? false;
  }

  /** Every object that is linked with this one. */
  listNeighbours(from: ObjectRef): ObjectRef[] {
    return [...this.endsOf(from).values()].map(({ type, id }) => ({ type, id }));
  }

  /** In the order in which they were linked. */
  listLinks(from: ObjectRef, type: ObjectType): Link[] {
    const facts = findLinkFacts(from.type, type);
    if (!facts) return [];
    return [...this.endsOf(from).values()]
      .filter((end) => end.type === type)
      .map(({ id, primary }) => ({
        id,
        types: primary && facts.primary ? [facts.primary, facts.plain] : [facts.plain],
      }));
  }

  private demote(from: ObjectRef, { type, id }: End): LinkChange {
    this.write(from, { type, id }, false);
    return { from, to: { type, id }, removed: true, primary: true };
  }

  private write(from: ObjectRef, to: ObjectRef, primary: boolean): void {
    this.endsOf(from).set(keyOf(to), { type: to.type, id: to.id, primary });
    this.endsOf(to).set(keyOf(from), { type: from.type, id: from.id, primary });
  }

  private findEnd(from: ObjectRef, to: ObjectRef): End | undefined {
    return this.endsOf(from).get(keyOf(to));
  }

  private endsOf(ref: ObjectRef): Map<string, End> {
    let ends = this.ends.get(keyOf(ref));
    if (!ends) this.ends.set(keyOf(ref), (ends = new Map<string, End>()));
    return ends;
  }
}
