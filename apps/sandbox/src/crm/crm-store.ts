import { AssociationBook, type Link, type LinkChange } from './association-book.js';
import { findLinkFacts, isTypeOf } from './association-types.js';
import { checkProperties, type PropertyInput } from './check-properties.js';
import type { Actor, CrmChange, ObjectRef } from './crm-change.js';
import { invalid, notFound } from './crm-error.js';
import { keepIndexed, writeProperty, type CrmObject } from './crm-object.js';
import { EmailIndex } from './email-index.js';
import { fillPrimary } from './merge-properties.js';
import { OBJECT_TYPES, type ObjectType } from './object-types.js';
import { isClosedDeal, readProperty } from './read-property.js';

export interface CrmStoreOptions {
  /** Epoch milliseconds. */
  now(): number;
  drawId(type: ObjectType): string;
  /** What happened, in order; called after the store has it. */
  tell(changes: readonly CrmChange[]): void;
  /** How long a change is not found by search. */
  searchLagMs(): number;
}

export interface WishedLink {
  to: ObjectRef;
  /** Empty: the plain one. */
  typeIds: readonly number[];
}

/** All objects of one portal, in memory. Who changes something says who they are. */
export class CrmStore {
  private readonly objects = new Map<ObjectType, Map<string, CrmObject>>(
    OBJECT_TYPES.map((type) => [type, new Map<string, CrmObject>()]),
  );
  private readonly book = new AssociationBook();
  private readonly emails = new EmailIndex();
  /** Changes that are told when the outermost operation is done. */
  private changes: CrmChange[] = [];

  constructor(private readonly options: CrmStoreOptions) {}

  /** Not archived, or archived ones only. */
  find(type: ObjectType, id: string, archived = false): CrmObject | undefined {
    const object = this.objects.get(type)?.get(id);
    return object && (object.archivedAtMs !== undefined) === archived ? object : undefined;
  }

  read(type: ObjectType, id: string, archived = false): CrmObject {
    const object = this.find(type, id, archived);
    if (!object) throw notFound(id);
    return object;
  }

  findBy(type: ObjectType, property: string, value: string): CrmObject | undefined {
    if (property === 'hs_object_id') return this.find(type, value);
    const wanted = value.toLowerCase();
    if (type === 'contacts' && property === 'email') return this.find(type, this.emails.find(wanted) ?? '');
    return this.list(type).find((object) => object.properties.get(property)?.toLowerCase() === wanted);
  }

  /** By ascending id. */
  list(type: ObjectType, archived = false): CrmObject[] {
    const objects = [...(this.objects.get(type)?.values() ?? [])];
    return objects.filter(({ archivedAtMs }) => (archivedAtMs !== undefined) === archived);
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
    this.emails.check({ type, email: checked.get('email') });
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
    this.objects.get(type)?.set(id, object);
    this.changes.push({ kind: 'creation', type, id, atMs, actor: how.actor });
    this.write(object, checked, how.actor);
    for (const { to, typeIds } of links) this.connect(object, { to, typeIds }, how.actor);
    return this.finish(object);
  }

  update(ref: ObjectRef, input: PropertyInput, actor: Actor): CrmObject {
    const object = this.read(ref.type, ref.id);
    const checked = checkProperties(object.type, input, object.properties);
    this.emails.check({ type: object.type, email: checked.get('email'), ownId: object.id });
    this.write(object, checked, actor);
    return this.finish(object);
  }

  /** To archive what is not there is no error. */
  archive({ type, id }: ObjectRef, actor: Actor): void {
    const object = this.find(type, id);
    if (!object) return;
    this.touch(object);
    const atMs = (object.archivedAtMs = object.updatedAtMs);
    this.emails.release(object);
    this.changes.push({ kind: 'deletion', type, id, atMs, actor });
    this.tellNeighbours(object, { removed: true, actor });
    this.finish(object);
  }

  /** The same id comes back, with its links. */
  restore({ type, id }: ObjectRef, actor: Actor): CrmObject {
    const object = this.read(type, id, true);
    this.emails.check({ type, email: object.properties.get('email') });
    delete object.archivedAtMs;
    this.touch(object);
    this.emails.keep(object);
    this.changes.push({ kind: 'restore', type, id, atMs: object.updatedAtMs, actor });
    this.tellNeighbours(object, { removed: false, actor });
    return this.finish(object);
  }

  /** For good, and nothing of it stays (GDPR). */
  erase({ type, id }: ObjectRef, actor: Actor): void {
    const object = this.find(type, id) ?? this.read(type, id, true);
    const atMs = this.options.now();
    this.changes.push({ kind: 'deletion', type, id, atMs, actor }, { kind: 'privacyDeletion', type, id, atMs, actor });
    this.forget(object, actor);
    this.finish(object);
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
    const filled = fillPrimary(primary, merged);
    this.emails.release(merged);
    const remaining = how.newId ? this.copyUnderNewId(primary) : primary;
    for (const [name, value] of filled) this.record(remaining, { name, value, actor });
    this.touch(remaining);
    this.changes.push({
      ...{ kind: 'merge', type, id: remaining.id, atMs: remaining.updatedAtMs, actor },
      ...{ primaryId: primary.id, mergedIds: [merged.id], propertiesMoved: filled.size },
    });
    const losers = [primary, merged].filter((loser) => loser !== remaining);
    for (const loser of losers) this.moveLinks(loser, { remaining, keepsPrimary: loser === primary }, actor);
    for (const loser of losers) this.forget(loser, actor);
    this.emails.keep(remaining);
    return this.finish(remaining);
  }

  associate(from: ObjectRef, link: WishedLink, actor: Actor): void {
    const object = this.read(from.type, from.id);
    this.checkLink(object, link);
    this.connect(object, link, actor);
    this.finish(object);
  }

  dissociate(from: ObjectRef, to: ObjectRef, actor: Actor): void {
    this.tellLinks(this.book.unlink(from, to), actor);
    this.finish(from);
  }

  /** Without those to archived objects. */
  listLinks(from: ObjectRef, type: ObjectType): Link[] {
    return this.book.listLinks(from, type).filter(({ id }) => this.find(type, id));
  }

  private write(object: CrmObject, values: ReadonlyMap<string, string>, actor: Actor): void {
    const changed = [...values].filter(([name, value]) => (object.properties.get(name) ?? '') !== value);
    if (changed.length === 0) return;
    this.touch(object);
    this.emails.release(object);
    for (const [name, value] of changed) this.record(object, { name, value, actor });
    this.emails.keep(object);
    // HubSpot notes the day when a deal is closed, if the writer does not.
    if (changed.some(([name]) => name === 'dealstage') && !values.has('closedate') && isClosedDeal(object)) {
      this.record(object, { name: 'closedate', value: new Date(object.updatedAtMs).toISOString(), actor });
    }
  }

  private record(object: CrmObject, { name, value, actor }: { name: string; value: string; actor: Actor }): void {
    const atMs = object.updatedAtMs;
    writeProperty(object, name, { value, atMs, actor });
    this.changes.push({ kind: 'propertyChange', type: object.type, id: object.id, property: name, value, atMs, actor });
  }

  private touch(object: CrmObject): void {
    const [nowMs, lagMs] = [this.options.now(), this.options.searchLagMs()];
    if (lagMs > 0) keepIndexed(object, nowMs - lagMs);
    object.updatedAtMs = nowMs;
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
    this.tellLinks(this.book.link(refOf(from), to, wantsPrimary), actor);
  }

  private moveLinks(
    loser: CrmObject,
    { remaining, keepsPrimary }: { remaining: CrmObject; keepsPrimary: boolean },
    actor: Actor,
  ): void {
    for (const other of this.book.listNeighbours(loser)) {
      const isPrimary = keepsPrimary && this.book.isPrimary(loser, other);
      this.book.unlink(loser, other);
      this.tellOne({ from: other, to: refOf(loser), removed: true, primary: false }, actor);
      this.tellLinks(this.book.link(refOf(remaining), other, isPrimary), actor);
    }
  }

  private copyUnderNewId(primary: CrmObject): CrmObject {
    const copy: CrmObject = {
      ...primary,
      id: this.options.drawId(primary.type),
      properties: new Map(primary.properties),
      history: new Map(primary.history),
    };
    this.emails.release(primary);
    this.objects.get(copy.type)?.set(copy.id, copy);
    return copy;
  }

  private forget(object: CrmObject, actor: Actor): void {
    for (const other of this.book.listNeighbours(object)) {
      this.book.unlink(object, other);
      this.tellOne({ from: other, to: refOf(object), removed: true, primary: false }, actor);
    }
    this.emails.release(object);
    this.objects.get(object.type)?.delete(object.id);
  }

  /** The links stay in the book, but nobody sees them: told from the other side, the object itself is gone or back. */
  private tellNeighbours(object: CrmObject, { removed, actor }: { removed: boolean; actor: Actor }): void {
    for (const other of this.book.listNeighbours(object)) {
      this.tellOne({ from: other, to: refOf(object), removed, primary: false }, actor);
    }
  }

  /** Once per direction. */
  private tellLinks(links: readonly LinkChange[], actor: Actor): void {
    for (const link of links) {
      this.tellOne(link, actor);
      this.tellOne({ ...link, from: link.to, to: link.from }, actor);
    }
  }

  private tellOne({ from, to, removed, primary }: LinkChange, actor: Actor): void {
    const object = this.find(from.type, from.id);
    if (!object) return;
    this.touch(object);
    this.changes.push({
      ...refOf(from),
      kind: 'associationChange',
      to,
      removed,
      primary,
      atMs: object.updatedAtMs,
      actor,
    });
  }

  private finish<T>(result: T): T {
    const changes = this.changes;
    this.changes = [];
    if (changes.length > 0) this.options.tell(changes);
    return result;
  }
}

const refOf = ({ type, id }: ObjectRef): ObjectRef => ({ type, id });
