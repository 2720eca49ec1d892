import { definePlugin, isEvent, Unavailable, type Contact, type MeshEvent } from '@crm-mesh/sdk';
import { Matches } from 'class-validator';
import { DataSource } from 'typeorm';

class Config {
  /** `sqlite:<file>` or `postgres://…`; the table is made in it. */
  @Matches(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/, { message: 'url must be sqlite:<file> or postgres://…' })
  url!: string;
}

type ContactEvent = MeshEvent<'contact.*'>;

/** `deleted`, `merged` and `erased` rows stay as marks without personal data, so that a late event cannot bring them back. */
const STATES = { 'crm.contact.deleted': 'deleted', 'crm.contact.erased': 'erased' } as Record<string, string>;
const KEY = ['tenant', 'connection', 'id'];
const FIELDS = ['merged_into', 'email', 'first_name', 'last_name', 'phone', 'company_id', 'modified_at'];
/** `state_at`: when the CRM merged or restored the record; a merge is told by another record, in no order with its own events. */
const COLUMNS = [...KEY, 'version', 'state', 'state_at', ...FIELDS];

let database: DataSource;

export default definePlugin({
  name: 'contact-table',
  description: 'Keeps a table of contacts in a SQL database; stale versions are skipped.',
  events: ['contact.*'],
  config: Config,
  async setup({ config }) {
    database = await openDatabase(config.url).initialize();
    const columns = COLUMNS.map((name) => (name === 'version' ? 'version integer NOT NULL' : `${name} text`));
    await database.query(
      `CREATE TABLE IF NOT EXISTS crm_contacts (${columns.join(', ')}, PRIMARY KEY (${KEY.join(', ')}))`,
    );
    await addMissingColumn('state_at');
  },
  async handle(event, { log }) {
    try {
      // Before the record itself: what fails in between is done again, and what is told again later (a redrive) is not,
      // as the swallowed ones may have been restored since.
      if (await isNews(event)) for (const id of event.data.mergedIds ?? []) await markMerged(event, id);
      await keep(event);
    } catch (error) {
      throw isAway(error) ? new Unavailable('the database cannot be reached', { cause: error }) : error;
    }
    log.debug({ version: event.recordversion }, 'kept');
  },
  async teardown() {
    await database.destroy();
  },
});

function openDatabase(url: string): DataSource {
  if (!url.startsWith('sqlite:')) return new DataSource({ type: 'postgres', url });
  // The driver waits for a lock with the whole process: not for long.
  return new DataSource({
    type: 'better-sqlite3',
    database: url.slice('sqlite:'.length),
    enableWAL: true,
    timeout: 250,
  });
}

/** For a table that an older version of this plugin made. */
async function addMissingColumn(name: string): Promise<void> {
  const runner = database.createQueryRunner();
  try {
    if (!(await runner.hasColumn('crm_contacts', name)))
      await runner.query(`ALTER TABLE crm_contacts ADD COLUMN ${name} text`);
  } finally {
    await runner.release();
  }
}

/** The events of one record come one after the other, so that what is read here still holds when it is written. */
async function isNews(event: ContactEvent): Promise<boolean> {
  const key = keyOf(event, event.data.id);
  const places = KEY.map((name, index) => `${name} = ${database.driver.createParameter(name, index)}`);
  const query = `SELECT version FROM crm_contacts WHERE ${places.join(' AND ')}`;
  const [row] = await database.query<{ version: number }[]>(
    query,
    KEY.map((name) => key[name]),
  );
  return row === undefined || row.version < event.recordversion;
}

async function keep(event: ContactEvent): Promise<void> {
  const state = STATES[event.type] ?? 'active';
  const fields = state === 'active' ? readFields(event.data) : {};
  const restoredAt = isEvent(event, 'contact.restored') ? { state_at: readTime(event) } : {};
  const row = { ...keyOf(event, event.data.id), version: event.recordversion, state, ...restoredAt, ...fields };
  // Records have no order among each other: an update of one that a merge has swallowed may come after the merge.
  const swallowedStays = `(crm_contacts.state <> 'merged' OR excluded.state <> 'active'
    OR excluded.state_at >= COALESCE(crm_contacts.state_at, ''))`;
  const overwritten = ['version', 'state', ...Object.keys(restoredAt), ...FIELDS];
  await upsert(row, `crm_contacts.version < excluded.version AND ${swallowedStays}`, overwritten);
}

/** Its version stays: it counts the swallowed record's own events. */
async function markMerged(event: ContactEvent, id: string): Promise<void> {
  const swallowed = { version: 0, state: 'merged', state_at: readTime(event), merged_into: event.data.id };
  const isNotRestored = `(crm_contacts.state <> 'active' OR COALESCE(crm_contacts.state_at, '') < excluded.state_at)`;
  const row = { ...keyOf(event, id), ...swallowed };
  await upsert(row, `crm_contacts.state <> 'erased' AND ${isNotRestored}`, ['state', 'state_at', ...FIELDS]);
}

/** In one zone and with one number of digits: texts that can be compared. */
function readTime(event: ContactEvent): string {
  return new Date(event.time).toISOString();
}

/** One statement, so that nothing can step between the look and the write. (TypeORM's own upsert drops the condition on SQLite.) */
async function upsert(row: Record<string, unknown>, condition: string, overwritten: string[]): Promise<void> {
  const places = COLUMNS.map((name, index) => database.driver.createParameter(name, index));
  const changes = overwritten.map((name) => `${name} = excluded.${name}`);
  await database.query(
    `INSERT INTO crm_contacts (${COLUMNS.join(', ')}) VALUES (${places.join(', ')})
     ON CONFLICT (${KEY.join(', ')}) DO UPDATE SET ${changes.join(', ')} WHERE ${condition}`,
    COLUMNS.map((name) => row[name] ?? null),
  );
}

/** `source` is `/tenant/connection`, escaped. */
function keyOf(event: ContactEvent, id: string): Record<string, unknown> {
  const connection = decodeURIComponent(event.source.slice(event.source.lastIndexOf('/') + 1));
  return { tenant: event.tenant, connection, id };
}

function readFields({ email, firstName, lastName, phone, companyId, modifiedAt }: Contact): Record<string, unknown> {
  return { email, first_name: firstName, last_name: lastName, phone, company_id: companyId, modified_at: modifiedAt };
}

/** PostgreSQL's, SQLite's and the network's codes for "not now". */
function isAway(error: unknown): boolean {
  const { code, driverError } = error as { code?: unknown; driverError?: { code?: unknown } };
  return /^(ECONN|ETIMEDOUT|ENOTFOUND|EAI_|EPIPE|EHOSTUNREACH|08|53|57P|SQLITE_BUSY)/.test(
    String(driverError?.code ?? code),
  );
}
