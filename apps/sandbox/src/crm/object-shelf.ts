import { notFound } from './crm-error.js';
import type { CrmObject } from './crm-object.js';
import { EmailIndex } from './email-index.js';
import { OBJECT_TYPES, type ObjectType } from './object-types.js';

/** Where the objects lie, and how they are found. */
export class ObjectShelf {
  readonly emails = new EmailIndex();
  private merged: CrmObject[] = [];
  private readonly objects = new Map<ObjectType, Map<string, CrmObject>>(
    OBJECT_TYPES.map((type) => [type, new Map<string, CrmObject>()]),
  );

  /** In rising order, with those that are gone: who reads many pages must not go through all objects for each. */
  private readonly ids = new Map<ObjectType, string[]>(OBJECT_TYPES.map((type) => [type, []]));

  put(object: CrmObject): void {
    this.objects.get(object.type)?.set(object.id, object);
    this.ids.get(object.type)?.push(object.id);
  }

  remove({ type, id }: CrmObject): void {
    this.objects.get(type)?.delete(id);
  }

  /** What was merged is gone; some CRMs still show it among what was deleted, with the one that stands for it. */
  keepMerged(object: CrmObject, remaining: CrmObject): void {
    const at = remaining.updatedAtMs;
    this.merged.push({ ...object, updatedAtMs: at, archivedAtMs: at, mergedIntoId: remaining.id });
  }

  listMerged(type: ObjectType): CrmObject[] {
    return this.merged.filter((object) => object.type === type);
  }

  /** Nor does anything stay of what was merged into it. */
  forgetMerged({ type, id }: CrmObject): void {
    this.merged = this.merged.filter((object) => object.type !== type || object.mergedIntoId !== id);
  }

  find(type: ObjectType, id: string, archived: boolean): CrmObject | undefined {
    const object = this.objects.get(type)?.get(id);
    return object && (object.archivedAtMs !== undefined) === archived ? object : undefined;
  }

  read(type: ObjectType, id: string, archived: boolean): CrmObject {
    const object = this.find(type, id, archived);
    if (!object) throw notFound(id);
    return object;
  }

  /** Case does not matter. */
  findBy(type: ObjectType, property: string, value: string): CrmObject | undefined {
    if (property === 'hs_object_id') return this.find(type, value, false);
    if (type === 'contacts' && property === 'email') return this.find(type, this.emails.find(value) ?? '', false);
    const wanted = value.toLowerCase();
    return this.list(type, false).find((object) => object.properties.get(property)?.toLowerCase() === wanted);
  }

  /** Ids rise, and a Map keeps the order in which they came. */
  list(type: ObjectType, archived: boolean): CrmObject[] {
    const objects = [...(this.objects.get(type)?.values() ?? [])];
    return objects.filter(({ archivedAtMs }) => (archivedAtMs !== undefined) === archived);
  }

  /** At most so many, from this id on. */
  listFrom(
    type: ObjectType,
    { from, limit, archived }: { from: string; limit: number; archived: boolean },
  ): CrmObject[] {
    const ids = this.ids.get(type) ?? [];
    const found: CrmObject[] = [];
    for (let index = findPlace(ids, Number(from)); index < ids.length && found.length < limit; index += 1) {
      const object = this.find(type, ids[index]!, archived);
      if (object) found.push(object);
    }
    return found;
  }
}

/** Of the first id that is not lower. */
function findPlace(ids: readonly string[], wanted: number): number {
  let [low, high] = [0, ids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Number(ids[middle]) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
