import { escapeToken, unescapeToken, type RecordPlace } from '@crm-mesh/contract';
import { cutIntoStatements, type Store, type Transaction, type Value } from '@crm-mesh/store';

/** One comparison of one entity. */
export interface ScratchScope {
  tenant: string;
  connection: string;
  entity: string;
  run: string;
}

/** A record that was looked at, and whatever is to be remembered of it. */
export interface Noted<Note> {
  place: RecordPlace;
  note: Note;
}

const KEY = ['tenant', 'connection', 'entity', 'run', 'place'];
const WHERE = 'tenant = ? AND connection = ? AND entity = ? AND run = ?';
/** So many at once: on SQLite everybody waits for a write. */
const DELETED_AT_ONCE = 5_000;
/** No record's place. It stands there as long as the list of those that were met is whole. */
const WHOLE: RecordPlace = '';

/**
 * What a comparison remembers in the database, so that memory does not grow with the CRM, and whoever goes on after a kill
 * finds it: which records were met, and which of them are suspects. Writing the same again changes nothing.
 */
export class Scratch {
  constructor(
    private readonly store: Store,
    private readonly scope: ScratchScope,
  ) {}

  /** Forgets all earlier comparisons of the entity: there is one at a time. */
  async begin(): Promise<void> {
    const { tenant, connection, entity } = this.scope;
    for (const table of ['reconcile_met', 'reconcile_suspects']) {
      const runs = await this.store.read<{ run: string }>(
        `SELECT DISTINCT run FROM ${table} WHERE tenant = ? AND connection = ? AND entity = ?`,
        [tenant, connection, entity].map(escapeToken),
      );
      for (const { run } of runs) await this.#forget(table, run);
    }
    await this.note({ met: [WHOLE], suspects: [] });
  }

  /** In one transaction. */
  async note({ met, suspects }: { met: readonly RecordPlace[]; suspects: readonly Noted<unknown>[] }): Promise<void> {
    const key = this.#key();
    await this.store.write(async (tx) => {
      await insert(tx, {
        table: 'reconcile_met',
        columns: KEY,
        rows: [...new Set(met)].map((place) => [...key, place]),
      });
      const rows = suspects.map(({ place, note }) => [...key, place, JSON.stringify(note)]);
      await insert(tx, { table: 'reconcile_suspects', columns: [...KEY, 'suspect'], rows });
    });
  }

  /** In the order of their places, as the database sorts them. */
  async listSuspects<Note>(after: RecordPlace, limit: number): Promise<Noted<Note>[]> {
    return this.#readSuspects(`${WHERE} AND place > ? ORDER BY place LIMIT ?`, [...this.#key(), after, limit]);
  }

  /** Of some places. */
  async findSuspects<Note>(places: readonly RecordPlace[]): Promise<Noted<Note>[]> {
    if (places.length === 0) return [];
    const marks = places.map(() => '?').join(', ');
    return this.#readSuspects(`${WHERE} AND place IN (${marks})`, [...this.#key(), ...places]);
  }

  async clear(places: readonly RecordPlace[]): Promise<void> {
    if (places.length === 0) return;
    const marks = places.map(() => '?').join(', ');
    await this.store.write((tx) =>
      tx.run(`DELETE FROM reconcile_suspects WHERE ${WHERE} AND place IN (${marks})`, [...this.#key(), ...places]),
    );
  }

  /** What the ledger has as present behind a place, and the comparison has not met. `end`: how far it looked; absent: to the last. */
  async listUnmet(after: RecordPlace, window: number): Promise<{ places: RecordPlace[]; end?: RecordPlace }> {
    const { tenant, connection, entity } = this.scope;
    const scope = [tenant, connection, entity].map(escapeToken);
    const own = 'l.tenant = ? AND l.connection = ? AND l.entity = ? AND l.id > ?';
    const [edge] = await this.store.read<{ id: string }>(
      `SELECT l.id FROM ledger l WHERE ${own} ORDER BY l.id LIMIT 1 OFFSET ?`,
      [...scope, after, window - 1],
    );
    const met =
      'SELECT 1 FROM reconcile_met m WHERE m.tenant = l.tenant AND m.connection = l.connection ' +
      'AND m.entity = l.entity AND m.run = ? AND m.place = l.id';
    const rows = await this.store.read<{ id: string }>(
      `SELECT l.id FROM ledger l WHERE ${own}${edge ? ' AND l.id <= ?' : ''} ` +
        `AND l.state = 'present' AND l.version > 0 AND NOT EXISTS (${met}) ORDER BY l.id`,
      [...scope, after, ...(edge ? [edge.id] : []), escapeToken(this.scope.run)],
    );
    // Asked afterwards: who deletes the list takes this away first, so what was read before was whole.
    await this.#requireWhole();
    return { places: rows.map(({ id }) => id), ...(edge && { end: edge.id }) };
  }

  /** The list of those that were met. */
  forgetMet(): Promise<void> {
    return this.#forget('reconcile_met', escapeToken(this.scope.run));
  }

  async #requireWhole(): Promise<void> {
    const rows = await this.store.read(`SELECT 1 AS one FROM reconcile_met WHERE ${WHERE} AND place = ?`, [
      ...this.#key(),
      WHOLE,
    ]);
    if (rows.length > 0) return;
    throw new Error('what this comparison has met was forgotten, as another one of the entity began: begin it again');
  }

  async #forget(table: string, run: string): Promise<void> {
    const { tenant, connection, entity } = this.scope;
    const key = [...[tenant, connection, entity].map(escapeToken), run];
    await this.store.write((tx) => tx.run(`DELETE FROM ${table} WHERE ${WHERE} AND place = ?`, [...key, WHOLE]));
    const some = `SELECT place FROM ${table} WHERE ${WHERE} LIMIT ${DELETED_AT_ONCE}`;
    const remove = (tx: Transaction): Promise<number> =>
      tx.run(`DELETE FROM ${table} WHERE ${WHERE} AND place IN (${some})`, [...key, ...key]);
    while ((await this.store.write(remove)) > 0);
  }

  async #readSuspects<Note>(where: string, values: Value[]): Promise<Noted<Note>[]> {
    const rows = await this.store.read<{ place: string; suspect: string }>(
      `SELECT place, suspect FROM reconcile_suspects WHERE ${where}`,
      values,
    );
    return rows.map(({ place, suspect }) => ({ place, note: JSON.parse(suspect) as Note }));
  }

  #key(): string[] {
    const { tenant, connection, entity, run } = this.scope;
    return [tenant, connection, entity, run].map(escapeToken);
  }
}

/** A place is an escaped id. */
export function idOfPlace(place: RecordPlace): string {
  return unescapeToken(place);
}

async function insert(
  tx: Transaction,
  { table, columns, rows }: { table: string; columns: readonly string[]; rows: readonly string[][] },
): Promise<void> {
  const again = columns.includes('suspect') ? 'UPDATE SET suspect = excluded.suspect' : 'NOTHING';
  for (const [start, size] of cutIntoStatements(rows.length)) {
    const places = Array<string>(size).fill(`(${columns.map(() => '?').join(', ')})`);
    const sql =
      `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${places.join(', ')} ` +
      `ON CONFLICT (${KEY.join(', ')}) DO ${again}`;
    await tx.run(sql, rows.slice(start, start + size).flat());
  }
}
