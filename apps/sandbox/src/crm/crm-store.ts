import { AssociationBook, type Link } from './association-book.js';
import { findLinkFacts, isTypeOf } from './association-types.js';
import { ChangeJournal, type ChangeJournalOptions } from './change-journal.js';
import { checkProperties, type PropertyInput } from './check-properties.js';
import type { Actor, ObjectRef } from './crm-change.js';
import { invalid } from './crm-error.js';
import { writeProperty, type CrmObject } from './crm-object.js';
import { fillPrimary } from './merge-properties.js';
import { ObjectShelf } from './object-shelf.js';
import type { ObjectType } from './object-types.js';
import { PropertyBook } from './property-book.js';
import { isClosedDeal, readProperty } from './read-property.js';

export interface CrmStoreOptions extends ChangeJournalOptions {
  drawId(type: ObjectType): string;
}

export interface WishedLink {
  to: ObjectRef;
  /** Empty: the plain one. */
  typeIds: readonly number[];
}

/** All objects of one portal, in memory. Who changes something says who they are. */
export class CrmStore {
  readonly properties = new PropertyBook();
  private readonly shelf = new ObjectShelf();
  private readonly book = new AssociationBook();
  private readonly journal: ChangeJournal;

  constructor(private readonly options: CrmStoreOptions) {
    this.journal = new ChangeJournal(options, ({ type, id }) => this.find(type, id));
  }

  /** Not archived, or archived ones only. */
  find(type: ObjectType, id: string, archived = false): CrmObject | undefined {
    return this.shelf.find(type, id, archived);
  }

  read(type: ObjectType, id: string, archived = false): CrmObject {
    return this.shelf.read(type, id, archived);
  }

  findBy(type: ObjectType, property: string, value: string): CrmObject | undefined {
    return this.shelf.findBy(type, property, value);
  }

  /** By ascending id. */
  list(type: ObjectType, archived = false): CrmObject[] {
    return this.shelf.list(type, archived);
  }

  /** What is gone by a merge, as it was; neither among the archived nor among the others. */
  listMerged(type: ObjectType): CrmObject[] {
    return this.shelf.listMerged(type);
  }

  listFrom(type: ObjectType, page: { from: string; limit: number; archived: boolean }): CrmObject[] {
    return this.shelf.listFrom(type, page);
  }

  /** Also what HubSpot calculates from links. */
  show(object: CrmObject, property: string): string | null {
    if (property !== 'associatedcompanyid' || object.type !== 'contacts') return readProperty(object, property);
    return (
      this.listLinks(object, 'companies').find(({ types }) => types.some(({ label }) => label === 'Primary'))?.id ??
      null
    );
  }

  create(type: ObjectType, input: PropertyInput, how: { actor: Actor; links?: readonly WishedLink[] }): CrmObject {
    const links = how.links ?? [];
    const checked = checkProperties(type, type === 'deals' ? { pipeline: 'default', ...input } : input, new Map());
    this.shelf.emails.check({ type, email: checked.get('email') });
    const id = this.options.drawId(type);
    for (const link of links) this.checkLink({ type, id }, link);
    const atMs = this.options.now();
    const object: CrmObject = {
      type,
      id,
      properties: new Map(),
      history: new Map(),
      createdAtMs: atMs,
      updatedAtMs: atMs,
    };
    this.shelf.put(object);
    this.journal.push({ kind: 'creation', type, id, atMs, actor: how.actor });
    this.write(object, checked, how.actor);
    for (const { to, typeIds } of links) this.connect(object, { to, typeIds }, how.actor);
    return this.journal.finish(object);
  }

  update(ref: ObjectRef, input: PropertyInput, actor: Actor): CrmObject {
    const object = this.read(ref.type, ref.id);
    const checked = checkProperties(object.type, input, object.properties);
    this.shelf.emails.check({ type: object.type, email: checked.get('email'), ownId: object.id });
    this.write(object, checked, actor);
    return this.journal.finish(object);
  }

  /** To archive what is not there is no error. */
  archive({ type, id }: ObjectRef, actor: Actor): void {
    const object = this.find(type, id);
    if (!object) return;
    this.journal.touch(object);
    const atMs = (object.archivedAtMs = object.updatedAtMs);
    this.shelf.emails.release(object);
    this.journal.push({ kind: 'deletion', type, id, atMs, actor });
    this.tellNeighbours(object, { removed: true, actor });
    this.journal.finish(object);
  }

  /** The same id comes back, with its links. */
  restore({ type, id }: ObjectRef, actor: Actor): CrmObject {
    const object = this.read(type, id, true);
    this.shelf.emails.check({ type, email: object.properties.get('email') });
    delete object.archivedAtMs;
    this.journal.touch(object);
    this.shelf.emails.keep(object);
    this.journal.push({ kind: 'restore', type, id, atMs: object.updatedAtMs, actor });
    this.tellNeighbours(object, { removed: false, actor });
    return this.journal.finish(object);
  }

  /** For good, and nothing of it stays (GDPR). */
  erase({ type, id }: ObjectRef, actor: Actor): void {
    const object = this.find(type, id) ?? this.read(type, id, true);
    const atMs = this.options.now();
    this.journal.push({ kind: 'deletion', type, id, atMs, actor }, { kind: 'privacyDeletion', type, id, atMs, actor });
    this.forget(object, actor);
    this.shelf.forgetMerged(object);
    this.journal.finish(object);
  }

  /**
   * The primary one takes over links and values that it lacks. `newId`: a third object stands for both afterwards, as
   * HubSpot does with some types. What was merged is gone, and not among the archived.
   */
  merge(
    type: ObjectType,
    ids: { primaryId: string; mergedId: string },
    how: { newId: boolean; actor: Actor },
  ): CrmObject {
    const { actor } = how;
    const [primary, merged] = [this.read(type, ids.primaryId), this.read(type, ids.mergedId)];
    if (primary === merged) throw invalid('An object cannot be merged with itself');
    const filled = fillPrimary(primary, merged, how.newId);
    this.shelf.emails.release(merged);
    const remaining = how.newId ? this.copyUnderNewId(primary) : primary;
    this.journal.touch(remaining);
    for (const [name, value] of filled) this.record(remaining, { name, value, actor });
    const { id, updatedAtMs: atMs } = remaining;
    const which = { primaryId: primary.id, mergedIds: [merged.id], propertiesMoved: filled.size };
    this.journal.push({ kind: 'merge', type, id, atMs, actor, ...which });
    const losers = [primary, merged].filter((loser) => loser !== remaining);
    for (const loser of losers) this.moveLinks(loser, { remaining, keepsPrimary: loser === primary }, actor);
    for (const loser of losers) {
      this.forget(loser, actor);
      this.shelf.keepMerged(loser, remaining);
    }
    this.shelf.emails.keep(remaining);
    return this.journal.finish(remaining);
  }

  associate(from: ObjectRef, link: WishedLink, actor: Actor): void {
    const object = this.read(from.type, from.id);
    this.checkLink(object, link);
    this.connect(object, link, actor);
    this.journal.finish(object);
  }

  dissociate(from: ObjectRef, to: ObjectRef, actor: Actor): void {
    this.journal.pushLinks(this.book.unlink(from, to), actor);
    this.journal.finish(from);
  }

  /** Without those to archived objects. */
  listLinks(from: ObjectRef, type: ObjectType): Link[] {
    return this.book.listLinks(from, type).filter(({ id }) => this.find(type, id));
  }

  private write(object: CrmObject, values: ReadonlyMap<string, string>, actor: Actor): void {
    const changed = [...values].filter(([name, value]) => (object.properties.get(name) ?? '') !== value);
    if (changed.length === 0) return;
    this.journal.touch(object);
    this.shelf.emails.release(object);
    for (const [name, value] of changed) this.record(object, { name, value, actor });
    this.shelf.emails.keep(object);
    // HubSpot notes the day when a deal is closed, if the writer does not.
    if (changed.some(([name]) => name === 'dealstage') && !values.has('closedate') && isClosedDeal(object)) {
      this.record(object, { name: 'closedate', value: new Date(object.updatedAtMs).toISOString(), actor });
    }
  }

  private record(object: CrmObject, { name, value, actor }: { name: string; value: string; actor: Actor }): void {
    const atMs = object.updatedAtMs;
    writeProperty(object, name, { value, atMs, actor });
    this.journal.push({ kind: 'propertyChange', type: object.type, id: object.id, property: name, value, atMs, actor });
  }

  private checkLink(from: ObjectRef, { to, typeIds }: WishedLink): void {
    const facts = findLinkFacts(from.type, to.type);
    if (!facts) throw invalid(`No association type exists from ${from.type} to ${to.type}`);
    const wrong = typeIds.find((typeId) => !isTypeOf(facts, typeId));
    if (wrong !== undefined)
      throw invalid(`Association type id ${wrong} doesn't exist from ${from.type} to ${to.type}`);
    this.read(to.type, to.id);
  }

  private connect(from: ObjectRef, { to, typeIds }: WishedLink, actor: Actor): void {
    const primary = findLinkFacts(from.type, to.type)?.primary;
    const wantsPrimary = primary !== undefined && typeIds.includes(primary.typeId);
    this.journal.pushLinks(this.book.link(refOf(from), to, wantsPrimary), actor);
  }

  private moveLinks(
    loser: CrmObject,
    { remaining, keepsPrimary }: { remaining: CrmObject; keepsPrimary: boolean },
    actor: Actor,
  ): void {
    for (const other of this.book.listNeighbours(loser)) {
      const isPrimary = keepsPrimary && this.book.isPrimary(loser, other);
      this.book.unlink(loser, other);
      this.journal.pushLink({ from: other, to: refOf(loser), removed: true, primary: false }, actor);
      this.journal.pushLinks(this.book.link(refOf(remaining), other, isPrimary), actor);
    }
  }

  private copyUnderNewId(primary: CrmObject): CrmObject {
    const copy: CrmObject = {
      ...primary,
      id: this.options.drawId(primary.type),
      properties: new Map(primary.properties),
      history: new Map(primary.history),
    };
    this.shelf.emails.release(primary);
    this.shelf.put(copy);
    return copy;
  }

  private forget(object: CrmObject, actor: Actor): void {
    for (const other of this.book.listNeighbours(object)) {
      this.book.unlink(object, other);
      this.journal.pushLink({ from: other, to: refOf(object), removed: true, primary: false }, actor);
    }
    this.shelf.emails.release(object);
    this.shelf.remove(object);
  }

  /** The links stay in the book, but nobody sees them: told from the other side, the object itself is gone or back. */
  private tellNeighbours(object: CrmObject, { removed, actor }: { removed: boolean; actor: Actor }): void {
    for (const other of this.book.listNeighbours(object)) {
      this.journal.pushLink({ from: other, to: refOf(object), removed, primary: false }, actor);
    }
  }
}

const refOf = ({ type, id }: ObjectRef): ObjectRef => ({ type, id });
