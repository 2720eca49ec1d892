import { isDeepStrictEqual } from 'node:util';
import type { Actor, CrmChange } from '../../crm/crm-change.js';
import type { CrmObject } from '../../crm/crm-object.js';
import type { ObjectType } from '../../crm/object-types.js';
import { toLeadId } from '../records/ids.js';
import type { Row } from '../records/show-record.js';
import { wrapRow } from './wrap-row.js';

/** One event of one record, before it is addressed to anybody. */
export interface Statement {
  action: 'create' | 'change' | 'delete';
  entity: string;
  id: string;
  data: Row | null;
  previous: Row | null;
  mergedTo?: string;
  mergedFrom?: string;
  actor: Actor;
  atMs: number;
}

const ENTITY: Readonly<Partial<Record<ObjectType, string>>> = {
  contacts: 'person',
  companies: 'organization',
  deals: 'deal',
  products: 'product',
  leads: 'lead',
};

export interface StatementOptions {
  find(type: ObjectType, id: string): CrmObject | undefined;
  show(object: CrmObject): Row;
}

/** Makes one statement of each record that an operation touched; keeps what was told last, so as to say what changed. */
export class StatementMaker {
  private readonly told = new Map<string, Row>();

  constructor(private readonly options: StatementOptions) {}

  list(changes: readonly CrmChange[]): Statement[] {
    const byRecord = new Map<string, CrmChange[]>();
    for (const change of changes) {
      const key = `${change.type}/${change.id}`;
      byRecord.set(key, [...(byRecord.get(key) ?? []), change]);
    }
    return [...byRecord.values()].flatMap((own) => this.describe(own));
  }

  private describe(changes: readonly CrmChange[]): Statement[] {
    const [first] = changes;
    const entity = first && ENTITY[first.type];
    if (!first || entity === undefined) return [];
    const { type, actor, atMs } = first;
    const always = { entity, id: type === 'leads' ? toLeadId(first.id) : first.id, actor, atMs };
    const key = `${type}/${first.id}`;
    if (changes.some(({ kind }) => kind === 'deletion')) {
      return [{ ...always, action: 'delete', data: null, previous: this.forget(key, always.id) }];
    }
    const object = this.options.find(type, first.id);
    if (!object) return [];
    const data = wrapRow(type, this.options.show(object));
    const before = this.told.get(key);
    this.told.set(key, data);
    const merge = changes.find((change) => change.kind === 'merge');
    if (merge) {
      const [mergedFrom] = merge.mergedIds;
      const losers = merge.mergedIds.map((id): Statement => {
        const previous = this.forget(`${type}/${id}`, id);
        return { ...always, id, action: 'delete', data: null, previous, mergedTo: always.id };
      });
      return [
        ...losers,
        { ...always, action: 'change', data, previous: diff(before, data), mergedFrom },
      ] as Statement[];
    }
    if (changes.some(({ kind }) => kind === 'creation')) return [{ ...always, action: 'create', data, previous: null }];
    const previous = diff(before, data);
    const isTouchedOnly = Object.keys(previous).every((name) => name === 'update_time');
    return isTouchedOnly ? [] : [{ ...always, action: 'change', data, previous }];
  }

  private forget(key: string, id: string): Row {
    const previous = this.told.get(key) ?? { id };
    this.told.delete(key);
    return previous;
  }
}

/** Only what changed, as it was; what was never told is null. */
function diff(before: Row | undefined, after: Row): Row {
  const changed = Object.keys(after).filter((name) => !isDeepStrictEqual(before?.[name], after[name]));
  return Object.fromEntries(changed.map((name) => [name, before?.[name] ?? null]));
}
