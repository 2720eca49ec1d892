import type { Actor, ObjectRef } from '../../crm/crm-change.js';
import type { CrmStore } from '../../crm/crm-store.js';
import type { Random } from '../../crm/draw-ids.js';
import { readId } from '../ids.js';
import type { SalesforceKnobs } from '../knobs.js';
import { refuse, SalesforceError } from '../salesforce-error.js';
import type { SObject } from '../schema/field.js';
import type { FieldBook } from '../schema/field-book.js';
import type { Records } from './records.js';
import { planCreate, planUpdate, type Input } from './write-row.js';

export interface RecordWriterOptions {
  store: CrmStore;
  book: FieldBook;
  records: Records;
  knobs(): SalesforceKnobs;
  random: Random;
}

/** Each method checks all that can be, and returns what does it and gives the record's id. */
export class RecordWriter {
  constructor(private readonly options: RecordWriterOptions) {}

  planCreate(object: SObject, input: Input, actor: Actor): () => string {
    const { store, records } = this.options;
    const create = planCreate(store, object, input, actor);
    return () => {
      const { type, id } = create();
      return records.showId(type, id);
    };
  }

  planUpdate(object: SObject, { id, input, actor }: { id: string; input: Input; actor: Actor }): () => string {
    const ref = this.readRef(object, id);
    this.lockAtTimes();
    const update = planUpdate(this.options.store, object, { ref, input, actor });
    return () => {
      update();
      return this.options.records.showId(ref.type, ref.id);
    };
  }

  /** Into the recycle bin. */
  planDelete(object: SObject, id: string, actor: Actor): () => string {
    const ref = this.readRef(object, id);
    this.lockAtTimes();
    return () => {
      this.options.store.archive(ref, actor);
      return this.options.records.showId(ref.type, ref.id);
    };
  }

  /** What the prefix of an id says. */
  nameObjectOf(id: string): string {
    return this.options.book.findByPrefix(id.slice(0, 3))?.name ?? '';
  }

  /** Somebody else is writing the row, or its parent. */
  private lockAtTimes(): void {
    const { lockRate } = this.options.knobs();
    if (lockRate > 0 && this.options.random() < lockRate)
      throw refuse('UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record');
  }

  private readRef(object: SObject, id: string): ObjectRef {
    const read = readId(id);
    if (read?.prefix !== object.prefix) throw refuse('MALFORMED_ID', `malformed id ${id}`);
    const found = this.options.records.findObject(object, id);
    if (!found) throw new SalesforceError(404, 'ENTITY_IS_DELETED', 'entity is deleted', []);
    return { type: found.type, id: found.id };
  }
}
