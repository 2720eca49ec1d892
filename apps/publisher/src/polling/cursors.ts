import type { Store } from '@crm-mesh/store';

/** What is kept, and of what. `entity` is empty where it is of the connection as a whole. */
export interface CursorKey {
  tenant: string;
  connection: string;
  work: 'poll' | 'repair' | 'subscription' | 'backfill';
  entity: string;
}

/** A state as it was read, or saved last. */
export interface Kept<State> {
  /** 0: there is no row yet. */
  revision: number;
  state: State | undefined;
}

/** Somebody else has saved meanwhile: what was read counts no more. */
export class CursorMoved extends Error {
  override readonly name = 'CursorMoved';
}

interface Row {
  tenant: string;
  connection: string;
  work: CursorKey['work'];
  entity: string;
  revision: number | string;
  state: string;
}

const WHERE = 'tenant = ? AND connection = ? AND work = ? AND entity = ?';

/** How far reading from CRMs is. A row is saved over the one that was read: of two that believe to lead one wins. */
export class Cursors {
  constructor(private readonly store: Store) {}

  async read<State>(key: CursorKey): Promise<Kept<State>> {
    const [row] = await this.store.read<Row>(
      `SELECT revision, state FROM publisher_cursors WHERE ${WHERE}`,
      listValues(key),
    );
    if (!row) return { revision: 0, state: undefined };
    return { revision: Number(row.revision), state: JSON.parse(row.state) as State };
  }

  /** Rejects with {@link CursorMoved} where `kept` is not what is there. */
  async save<State>(key: CursorKey, kept: Pick<Kept<State>, 'revision'>, state: State): Promise<Kept<State>> {
    const revision = kept.revision + 1;
    const json = JSON.stringify(state);
    const saved = await this.store.write((tx) =>
      kept.revision === 0
        ? tx.run(
            `INSERT INTO publisher_cursors (tenant, connection, work, entity, revision, state)
             VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
            [...listValues(key), revision, json],
          )
        : tx.run(`UPDATE publisher_cursors SET revision = ?, state = ? WHERE ${WHERE} AND revision = ?`, [
            ...[revision, json, ...listValues(key), kept.revision],
          ]),
    );
    if (saved === 0) throw new CursorMoved(`${key.work} ${key.entity} of ${key.tenant}/${key.connection} has moved on`);
    return { revision, state };
  }

  /** Saves what `change` makes of the state, whoever saves beside it. Undefined: it stays as it is. */
  async change<State>(key: CursorKey, change: (state: State | undefined) => State | undefined): Promise<void> {
    for (;;) {
      const kept = await this.read<State>(key);
      const state = change(kept.state);
      if (state === undefined) return;
      try {
        await this.save(key, kept, state);
        return;
      } catch (error) {
        if (!(error instanceof CursorMoved)) throw error;
      }
    }
  }

  /** All of a connection. */
  async list({
    tenant,
    connection,
  }: Pick<CursorKey, 'tenant' | 'connection'>): Promise<(CursorKey & { state: unknown })[]> {
    const rows = await this.store.read<Row>(
      `SELECT tenant, connection, work, entity, state FROM publisher_cursors
       WHERE tenant = ? AND connection = ? ORDER BY work, entity`,
      [tenant, connection],
    );
    return rows.map((row) => ({ ...row, state: JSON.parse(row.state) as unknown }));
  }
}

function listValues({ tenant, connection, work, entity }: CursorKey): string[] {
  return [tenant, connection, work, entity];
}
