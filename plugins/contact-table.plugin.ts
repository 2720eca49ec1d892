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
const COLUMNS = [...KEY, 'version', 'state', ...FIELDS];

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
  },
  async handle(event, { log }) {
    try {
      await keep(event);
      for (const id of event.data.mergedIds ?? []) await markMerged(event, id);
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

async function keep(event: ContactEvent): Promise<void> {
  const state = STATES[event.type] ?? 'active';
  const fields = state === 'active' ? readFields(event.data) : {};
  // Records have no order among each other: an update of one that a merge has swallowed may come after the merge.
  const swallowedStays = isEvent(event, 'contact.restored')
    ? ''
    : `AND (crm_contacts.state <> 'merged' OR excluded.state <> 'active')`;
  const row = { ...keyOf(event, event.data.id), version: event.recordversion, state, ...fields };
  await upsert(row, `crm_contacts.version < excluded.version ${swallowedStays}`, ['version', 'state', ...FIELDS]);
}

/** Its version stays: it counts the swallowed record's own events. */
async function markMerged(event: ContactEvent, id: string): Promise<void> {
  const row = { ...keyOf(event, id), version: 0, state: 'merged', merged_into: event.data.id };
  await upsert(row, `crm_contacts.state <> 'erased'`, ['state', ...FIELDS]);
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
