import { makeId } from '../ids.js';
import type { Row } from '../rows/records.js';
import { refuse } from '../salesforce-error.js';
import type { Field, SObject } from '../schema/field.js';

export interface Cursor {
  object: SObject;
  fields: readonly Field[];
  rows: readonly Row[];
  pageSize: number;
}

/** A user's open ones; the oldest is closed for a new one. */
const MOST_OPEN = 100;

/** Results of queries that did not fit on one page. */
export class Cursors {
  private readonly open = new Map<string, Cursor>();
  private opened = 0;

  add(cursor: Cursor): string {
    const id = makeId('01g', String((this.opened += 1)));
    this.open.set(id, cursor);
    const [oldest] = this.open.keys();
    if (this.open.size > MOST_OPEN && oldest !== undefined) this.open.delete(oldest);
    return id;
  }

  /** `01g…-2000`: from the 2,001st row. */
  read(locator: string): { id: string; cursor: Cursor; start: number } {
    const [id = '', start = ''] = locator.split('-');
    const cursor = this.open.get(id);
    if (!cursor || !/^\d+$/.test(start)) throw refuse('INVALID_QUERY_LOCATOR', 'invalid query locator');
    return { id, cursor, start: Number(start) };
  }
}
