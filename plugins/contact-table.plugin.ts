import {
  definePlugin,
  isEvent,
  reconcileTable,
  type Contact,
  type MeshEvent,
  type SinkTransaction,
  type SinkValue,
} from '@crm-mesh/sdk';
import { Matches } from 'class-validator';

class Config {
  /** `sqlite:<file>` or `postgres://…`; the table is made in it. */
  @Matches(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/, { message: 'url must be sqlite:<file> or postgres://…' })
  url!: string;
}

type ContactEvent = MeshEvent<'contact.*'>;
type Row = Record<string, SinkValue | undefined>;

/** `deleted`, `merged` and `erased` rows stay as marks without personal data, so that a late event cannot bring them back. */
const STATES = { 'crm.contact.deleted': 'deleted', 'crm.contact.erased': 'erased' } as Record<string, string>;
const KEY = ['tenant', 'connection', 'id'];
const FIELDS = ['merged_into', 'email', 'first_name', 'last_name', 'phone', 'company_id', 'modified_at'];
/** `state_at`: when the CRM merged or restored the record; a merge is told by another record, in no order with its own events. */
const COLUMNS = [...KEY, 'version', 'state', 'state_at', ...FIELDS];
const contacts = reconcileTable({
  ...{ table: 'crm_contacts', entity: 'contact', held: "state = 'active'" },
  watch: ['state', ...FIELDS],
});
/** By which an edit behind our back shows. */
const STAMP = ['mesh_place', 'mesh_digest'];

export default definePlugin({
  name: 'contact-table',
  description: 'Keeps a table of contacts in a SQL database; stale versions are skipped.',
  events: ['contact.*'],
  config: Config,
  sink: ({ url }) => url,
  async setup({ transaction }) {
    await transaction(async (tx) => {
      const columns = COLUMNS.map((name) => (name === 'version' ? 'version integer NOT NULL' : `${name} text`));
      await tx.run(`CREATE TABLE IF NOT EXISTS crm_contacts (${columns.join(', ')}, PRIMARY KEY (${KEY.join(', ')}))`);
      await addMissingColumn(tx, 'state_at');
    });
    await contacts.prepare(transaction);
  },
  async handle(event, { transaction, log }) {
    await transaction(async (tx) => {
      // What is told again later (a redrive) swallows nobody anew: they may have been restored since.
      if (await isNews(tx, event)) for (const id of event.data.mergedIds ?? []) await markMerged(tx, event, id);
      await keep(tx, event);
    });
    log.debug({ version: event.recordversion }, 'kept');
  },
  reconcile: contacts.reconcile,
});

/** For a table that an older version of this plugin made. */
async function addMissingColumn(tx: SinkTransaction, name: string): Promise<void> {
  const places = { sqlite: `pragma_table_info('crm_contacts')`, postgres: 'information_schema.columns' };
  const column = {
    sqlite: 'name = ?',
    postgres: `table_name = 'crm_contacts' AND table_schema = current_schema() AND column_name = ?`,
  };
  const found = await tx.all(`SELECT 1 FROM ${places[tx.dialect]} WHERE ${column[tx.dialect]}`, [name]);
  if (found.length === 0) await tx.run(`ALTER TABLE crm_contacts ADD COLUMN ${name} text`);
}

/** The events of one record come one after the other, so that what is read here still holds when it is written. */
async function isNews(tx: SinkTransaction, event: ContactEvent): Promise<boolean> {
  const key = keyOf(event, event.data.id);
  const [row] = await tx.all<{ version: number }>(
    `SELECT version FROM crm_contacts WHERE ${KEY.map((name) => `${name} = ?`).join(' AND ')}`,
    KEY.map((name) => key[name]!),
  );
  return row === undefined || row.version < event.recordversion;
}

async function keep(tx: SinkTransaction, event: ContactEvent): Promise<void> {
  const { mergedInto } = event.data;
  const state = mergedInto === undefined ? (STATES[event.type] ?? 'active') : 'merged';
  const fields = state === 'active' ? readFields(event.data) : { merged_into: mergedInto };
  const isTimed = mergedInto !== undefined || isEvent(event, 'contact.restored');
  const stateAt = isTimed ? { state_at: readTime(event) } : {};
  const version = event.recordversion;
  const stamp = contacts.stamp(event.data.id, version);
  const row = { ...keyOf(event, event.data.id), version, state, ...stamp, ...stateAt, ...fields };
  // Records have no order among each other: an update of one that a merge has swallowed may come after the merge.
  const swallowedStays = `(crm_contacts.state <> 'merged' OR excluded.state <> 'active'
    OR excluded.state_at >= COALESCE(crm_contacts.state_at, ''))`;
  // A repair says what the row should be: one that was edited is overwritten, whatever version somebody has put there.
  const condition =
    event.origin === 'repair'
      ? '(crm_contacts.version <= excluded.version OR crm_contacts.mesh_digest < 0)'
      : `crm_contacts.version < excluded.version AND ${swallowedStays}`;
  await upsert(tx, row, condition, ['version', 'state', ...STAMP, ...Object.keys(stateAt), ...FIELDS]);
}

/** Its version stays: it counts the swallowed record's own events. */
async function markMerged(tx: SinkTransaction, event: ContactEvent, id: string): Promise<void> {
  const swallowed = { version: 0, state: 'merged', state_at: readTime(event), merged_into: event.data.id };
  const isNotRestored = `(crm_contacts.state <> 'active' OR COALESCE(crm_contacts.state_at, '') < excluded.state_at)`;
  const row = { ...keyOf(event, id), ...contacts.stamp(id, 0), ...swallowed };
  await upsert(tx, row, `crm_contacts.state <> 'erased' AND ${isNotRestored}`, ['state', 'state_at', ...FIELDS]);
}

/** In one zone and with one number of digits: texts that can be compared. */
function readTime(event: ContactEvent): string {
  return new Date(event.time).toISOString();
}

/** One statement, so that nothing can step between the look and the write. */
// oxlint-disable-next-line max-params -- where, what, when and which part of it
async function upsert(tx: SinkTransaction, row: Row, condition: string, overwritten: string[]): Promise<void> {
  const changes = overwritten.map((name) => `${name} = excluded.${name}`);
  const columns = [...COLUMNS, ...STAMP];
  await tx.run(
    `INSERT INTO crm_contacts (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
     ON CONFLICT (${KEY.join(', ')}) DO UPDATE SET ${changes.join(', ')} WHERE ${condition}`,
    columns.map((name) => row[name] ?? null),
  );
}

/** `source` is `/tenant/connection`, escaped. */
function keyOf(event: ContactEvent, id: string): Row {
  const connection = decodeURIComponent(event.source.slice(event.source.lastIndexOf('/') + 1));
  return { tenant: event.tenant, connection, id };
}

function readFields({ email, firstName, lastName, phone, companyId, modifiedAt }: Contact): Row {
  return { email, first_name: firstName, last_name: lastName, phone, company_id: companyId, modified_at: modifiedAt };
}
