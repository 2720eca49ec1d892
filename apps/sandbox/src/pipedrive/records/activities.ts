import type { Actor } from '../../crm/crm-change.js';
import { notFound, refuse } from '../pipedrive-error.js';
import type { Statement } from '../webhooks/statements.js';
import { toTime } from './ids.js';
import type { Row } from './show-record.js';
import type { Json } from './write-record.js';

const FIRST_ID = 5_001;

const EMPTY: Row = {
  subject: '',
  type: 'call',
  due_date: null,
  due_time: null,
  duration: null,
  done: false,
  deal_id: null,
  lead_id: null,
  person_id: null,
  org_id: null,
  participants: [],
  note: null,
  priority: null,
  is_deleted: false,
};

const WRITABLE = Object.keys(EMPTY).filter((field) => field !== 'is_deleted');

export interface ActivityOptions {
  actor: Actor;
  /** Epoch milliseconds. */
  now(): number;
  /** By how much the company's clock is wrong. */
  skewMs(): number;
  announce(statements: readonly Statement[]): void;
}

/** Activities, which the core does not know: this face alone has them, as its API shows them. */
export class Activities {
  private readonly rows = new Map<string, Row>();

  constructor(private readonly options: ActivityOptions) {}

  list(): Row[] {
    return [...this.rows.values()].filter((row) => row['is_deleted'] !== true);
  }

  /** Deleted ones are shown for 30 days. */
  read(id: string): Row {
    const row = this.rows.get(id);
    if (!row) throw notFound('Activity');
    return row;
  }

  create(body: Json): Row {
    if (typeof body['subject'] !== 'string') throw refuse('subject is required');
    const { actor } = this.options;
    const [id, time] = [FIRST_ID + this.rows.size, this.showNow()];
    const row = { id, owner_id: actor.userId, add_time: time, update_time: time, ...EMPTY, ...pick(body) };
    this.rows.set(String(id), row);
    this.tell('create', row, null);
    return row;
  }

  update(id: string, body: Json): Row {
    const before = this.read(id);
    if (before['is_deleted'] === true) throw notFound('Activity');
    const row = { ...before, ...pick(body), update_time: this.showNow() };
    this.rows.set(id, row);
    const changed = Object.keys(row).filter((field) => row[field as never] !== before[field]);
    this.tell('change', row, Object.fromEntries(changed.map((field) => [field, before[field]])));
    return row;
  }

  remove(id: string): Row {
    const before = this.read(id);
    this.rows.set(id, { ...before, is_deleted: true, update_time: this.showNow() });
    this.tell('delete', before, before);
    return { id: before['id'] };
  }

  private showNow(): string {
    return toTime(this.options.now() + this.options.skewMs());
  }

  private tell(action: Statement['action'], row: Row, previous: Row | null): void {
    const { actor, announce, now } = this.options;
    const data = action === 'delete' ? null : row;
    announce([{ action, entity: 'activity', id: String(row['id']), data, previous, actor, atMs: now() }]);
  }
}

function pick(body: Json): Row {
  return Object.fromEntries(WRITABLE.filter((field) => body[field] !== undefined).map((field) => [field, body[field]]));
}
