import type { CrmObject } from '../../crm/crm-object.js';
import type { CrmStore } from '../../crm/crm-store.js';
import type { ObjectType } from '../../crm/object-types.js';
import { makeId, readId } from '../ids.js';
import { refuse } from '../salesforce-error.js';
import type { Field, RecordView, SObject, Value } from '../schema/field.js';
import type { FieldBook } from '../schema/field-book.js';
import { readValue } from './read-value.js';
import { listSetUpRows } from './set-up-rows.js';
import type { Stamps } from './stamps.js';

/** One row of an object, whose fields are read when they are asked for. */
export interface Row {
  id: string;
  read(field: Field): Value;
}

export interface RecordsOptions {
  store: CrmStore;
  book: FieldBook;
  stamps: Stamps;
  organizationId: string;
  /** Epoch milliseconds. */
  now(): number;
  /** Added to every time that is shown. */
  clockSkewMs(): number;
}

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
/** So long the recycle bin keeps what was deleted. */
const BIN_MS = 15 * DAY_MS;

/** The core's records as rows of Salesforce's objects. */
export class Records {
  constructor(private readonly options: RecordsOptions) {}

  /** By id. `withDeleted`: also what is in the recycle bin, and what merges have swallowed. */
  list(object: SObject, withDeleted: boolean): Row[] {
    const { type } = object;
    if (type === undefined) return this.listSetUp(object);
    const { store, stamps, now } = this.options;
    const nowMs = now();
    const isSeen = (found: CrmObject): boolean => (stamps.read(found)?.visibleAtMs ?? 0) <= nowMs;
    const isInBin = ({ archivedAtMs = 0 }: CrmObject): boolean => archivedAtMs > nowMs - BIN_MS;
    const bin = withDeleted ? [...store.list(type, true), ...store.listMerged(type)].filter(isInBin) : [];
    return [...store.list(type), ...bin].filter(isSeen).map((found) => this.toRow(object, found));
  }

  /** Not what was deleted. */
  find(object: SObject, id: string): Row | undefined {
    if (object.type === undefined) return this.listSetUp(object).find((row) => row.id === readId(id)?.id);
    const found = this.findObject(object, id);
    return found && this.toRow(object, found);
  }

  /** The core's object; undefined: deleted, never there, or of another object. */
  findObject({ type, prefix }: SObject, id: string): CrmObject | undefined {
    const read = readId(id);
    return read?.prefix === prefix && type !== undefined ? this.options.store.find(type, read.coreId) : undefined;
  }

  view(object: CrmObject, properties: ReadonlyMap<string, string> = object.properties): RecordView {
    const { store, stamps, clockSkewMs } = this.options;
    const { type, id, archivedAtMs, mergedIntoId } = object;
    const stamp = stamps.read(object);
    const skewMs = clockSkewMs();
    return {
      id: this.showId(type, id),
      property: (name) => properties.get(name),
      linkTo: (other) => {
        const links = store.listLinks({ type, id }, other);
        const chosen = links.find(({ types }) => types.some(({ label }) => label === 'Primary')) ?? links[0];
        return chosen ? this.showId(other, chosen.id) : null;
      },
      isDeleted: archivedAtMs !== undefined,
      masterRecordId: mergedIntoId === undefined ? null : this.showId(type, mergedIntoId),
      createdAtMs: toSecond((stamp?.createdAtMs ?? object.createdAtMs) + skewMs),
      modifiedAtMs: toSecond((stamp?.modifiedAtMs ?? object.updatedAtMs) + skewMs),
      createdById: stamp?.createdById ?? '',
      modifiedById: stamp?.modifiedById ?? '',
    };
  }

  showId(type: ObjectType, id: string): string {
    const object = this.options.book.findByType(type);
    if (!object) throw refuse('INVALID_TYPE', `There is no object for ${type}`);
    return makeId(object.prefix, id);
  }

  private toRow(object: SObject, found: CrmObject): Row {
    const view = this.view(found);
    return { id: view.id, read: (field) => readValue(object, field, view) };
  }

  private listSetUp(object: SObject): Row[] {
    return listSetUpRows(object, this.options.organizationId).map((row) => ({
      id: String(row['Id']),
      read: ({ name }) => row[name] ?? null,
    }));
  }
}

/** Salesforce's stamps are no finer: many records have the same one. */
function toSecond(ms: number): number {
  return Math.floor(ms / SECOND_MS) * SECOND_MS;
}

/** As the API gives a record; undefined fields: all of them. */
export function showRow(
  object: SObject,
  row: Row,
  how: { version: string; fields?: readonly Field[] },
): Record<string, Value> {
  const fields = how.fields ?? object.fields;
  const url = `/services/data/${how.version}/sobjects/${object.name}/${row.id}`;
  return {
    attributes: { type: object.name, url },
    ...Object.fromEntries(fields.map((field) => [field.name, row.read(field)])),
  };
}
