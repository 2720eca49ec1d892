import { escapeToken, formatRecordKey, unescapeToken, type RecordKey } from '@crm-mesh/contract';
import type { Pair } from '@crm-mesh/control';
import type { Label, Mismatch, MismatchKind } from '@crm-mesh/reconciliation';
import type { Store, Transaction, Value } from '@crm-mesh/store';
import { namePair, type RunState } from './run-state.js';

/**
 * What became of a difference. `found`: nobody has looked into it yet; `labelled`: it is to be repaired, or could be;
 * `left`: nothing is to be done; `waits`: for a person.
 */
export type Fate = 'found' | 'labelled' | 'repaired' | 'overtaken' | 'impossible' | 'waits' | 'left';

export interface Difference extends Mismatch {
  label?: Label;
  fate: Fate;
}

/** A run as it was read, or saved last. */
export interface KeptRun {
  revision: number;
  state: RunState;
}

/** Somebody else has saved meanwhile: what was read counts no more. */
export class RunMoved extends Error {
  override readonly name = 'RunMoved';
}

/** Differences of one label and one fate in one entity. */
export interface DifferenceCount {
  /** `acme/hubspot/deal` */
  unit: string;
  kind: MismatchKind;
  label?: Label;
  fate: Fate;
  count: number;
}

interface RunRow {
  revision: number | string;
  state: string;
}

interface DifferenceRow {
  unit: string;
  place: string;
  kind: MismatchKind;
  expected: string | null;
  found: string | null;
  sequence: number | string | null;
  settled_up_to: number | string | null;
  label: Label | null;
  fate: Fate;
}

const ROWS_PER_STATEMENT = 100;
const RUN = 'SELECT revision, state FROM reconcile_runs';
const DIFFERENCE =
  'SELECT unit, place, kind, expected, found, sequence, settled_up_to, label, fate FROM reconcile_differences';

/** Runs and what they found. A run is saved over the one that was read: of two that believe to lead one wins. */
export class RunRows {
  constructor(private readonly store: Store) {}

  /** False where a run of the pair is open. */
  async insert(state: RunState): Promise<boolean> {
    const pair = namePair(state.pair);
    const values = [state.run, pair, pair, state.begunMs, 1, JSON.stringify(state)];
    const added = await this.store.write((tx) =>
      tx.run(
        `INSERT INTO reconcile_runs (run, pair, open_pair, begun_ms, revision, state) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
        values,
      ),
    );
    return added === 1;
  }

  async read(run: string): Promise<KeptRun | undefined> {
    return toKept((await this.store.read<RunRow>(`${RUN} WHERE run = ?`, [run]))[0]);
  }

  async readOpen(pair: Pair): Promise<KeptRun | undefined> {
    return toKept((await this.store.read<RunRow>(`${RUN} WHERE open_pair = ?`, [namePair(pair)]))[0]);
  }

  /** The newest first; absent: of all pairs. */
  async list(pair: Pair | undefined, limit: number): Promise<RunState[]> {
    const where = pair ? 'WHERE pair = ?' : '';
    const values = pair ? [namePair(pair), limit] : [limit];
    const rows = await this.store.read<RunRow>(`${RUN} ${where} ORDER BY begun_ms DESC, run LIMIT ?`, values);
    return rows.map((row) => JSON.parse(row.state) as RunState);
  }

  async listOpen(): Promise<RunState[]> {
    const rows = await this.store.read<RunRow>(`${RUN} WHERE open_pair IS NOT NULL ORDER BY begun_ms`);
    return rows.map((row) => JSON.parse(row.state) as RunState);
  }

  /** Together with what a step has found. Rejects with {@link RunMoved} where `kept` is not what is there. */
  async save(kept: Pick<KeptRun, 'revision'>, state: RunState, found: readonly Mismatch[] = []): Promise<KeptRun> {
    return this.store.write(async (tx) => {
      const saved = await saveState(tx, kept, state);
      await insertFound(tx, state.run, found);
      return saved;
    });
  }

  /** Together with what became of differences. */
  async saveFates(kept: KeptRun, state: RunState, fates: readonly Difference[]): Promise<KeptRun> {
    return this.store.write(async (tx) => {
      const saved = await saveState(tx, kept, state);
      for (const { record, kind, label, fate } of fates)
        await tx.run(
          'UPDATE reconcile_differences SET label = ?, fate = ? WHERE run = ? AND unit = ? AND place = ? AND kind = ?',
          [label ?? null, fate, state.run, ...placeOf(record), kind],
        );
      return saved;
    });
  }

  async readByFate(run: string, fate: Fate, limit: number): Promise<Difference[]> {
    const rows = await this.store.read<DifferenceRow>(
      `${DIFFERENCE} WHERE run = ? AND fate = ? ORDER BY unit, place, kind LIMIT ?`,
      [run, fate, limit],
    );
    return rows.map(toDifference);
  }

  /** Some of a label; of what nobody has looked into, where there is none. */
  async readExamples(run: string, label: Label | undefined, limit: number): Promise<Difference[]> {
    const which = label === undefined ? 'label IS NULL' : 'label = ?';
    const rows = await this.store.read<DifferenceRow>(
      `${DIFFERENCE} WHERE run = ? AND ${which} ORDER BY unit, place, kind LIMIT ?`,
      [run, ...(label === undefined ? [] : [label]), limit],
    );
    return rows.map(toDifference);
  }

  async count(run: string): Promise<DifferenceCount[]> {
    const rows = await this.store.read<
      Pick<DifferenceRow, 'unit' | 'kind' | 'label' | 'fate'> & { count: number | string }
    >(
      `SELECT unit, kind, label, fate, count(*) AS count FROM reconcile_differences WHERE run = ?
       GROUP BY unit, kind, label, fate ORDER BY unit, kind, label, fate`,
      [run],
    );
    return rows.map(({ unit, kind, label, fate, count }) => ({
      ...{ unit: unit.split('/').map(unescapeToken).join('/'), kind, fate, count: Number(count) },
      ...(label === null ? {} : { label }),
    }));
  }

  /** What the newest run of each pair that is over says of one record, and has not repaired. */
  async listOfRecord(record: RecordKey): Promise<{ state: RunState; label: Label | undefined }[]> {
    const rows = await this.store.read<{ state: string; label: Label | null }>(
      `SELECT r.state, d.label FROM reconcile_differences d JOIN reconcile_runs r ON r.run = d.run
       WHERE d.unit = ? AND d.place = ? AND d.fate <> 'repaired' AND r.open_pair IS NULL AND NOT EXISTS
         (SELECT 1 FROM reconcile_runs n WHERE n.pair = r.pair AND n.open_pair IS NULL AND n.begun_ms > r.begun_ms)
       ORDER BY r.begun_ms`,
      placeOf(record),
    );
    return rows.map(({ state, label }) => ({ state: JSON.parse(state) as RunState, label: label ?? undefined }));
  }

  /** Which of the records differed in that run, as {@link formatRecordKey} writes them. */
  async listAmong(run: string, records: readonly RecordKey[]): Promise<Set<string>> {
    const found = new Set<string>();
    for (let start = 0; start < records.length; start += ROWS_PER_STATEMENT) {
      const places = records.slice(start, start + ROWS_PER_STATEMENT).map(({ id }) => escapeToken(id));
      const rows = await this.store.read<Pick<DifferenceRow, 'unit' | 'place'>>(
        `SELECT unit, place FROM reconcile_differences WHERE run = ? AND place IN (${places.map(() => '?').join(', ')})`,
        [run, ...places],
      );
      for (const row of rows) found.add(formatRecordKey(readRecord(row)));
    }
    return found;
  }

  /** Forgets all but the newest of a pair. */
  async prune(pair: Pair, keep: number): Promise<void> {
    const name = namePair(pair);
    const old = await this.store.read<{ run: string }>(
      'SELECT run FROM reconcile_runs WHERE pair = ? AND open_pair IS NULL ORDER BY begun_ms DESC, run LIMIT 1000 OFFSET ?',
      [name, keep],
    );
    for (const { run } of old)
      await this.store.write(async (tx) => {
        await tx.run('DELETE FROM reconcile_differences WHERE run = ?', [run]);
        await tx.run('DELETE FROM reconcile_runs WHERE run = ?', [run]);
      });
  }
}

// Tokens are kept escaped: they hold no slash, and any id is legal text in both databases.
function placeOf({ tenant, connection, entity, id }: RecordKey): [unit: string, place: string] {
  return [[tenant, connection, entity].map(escapeToken).join('/'), escapeToken(id)];
}

function readRecord({ unit, place }: Pick<DifferenceRow, 'unit' | 'place'>): RecordKey {
  const [tenant, connection, entity] = unit.split('/').map(unescapeToken);
  return { tenant: tenant!, connection: connection!, entity: entity!, id: unescapeToken(place) };
}

async function saveState(tx: Transaction, { revision }: Pick<KeptRun, 'revision'>, state: RunState): Promise<KeptRun> {
  const open = state.ended ? null : namePair(state.pair);
  const saved = await tx.run(
    'UPDATE reconcile_runs SET revision = ?, state = ?, open_pair = ? WHERE run = ? AND revision = ?',
    [revision + 1, JSON.stringify(state), open, state.run, revision],
  );
  if (saved === 0) throw new RunMoved(`the run ${state.run} has moved on`);
  return { revision: revision + 1, state };
}

async function insertFound(tx: Transaction, run: string, found: readonly Mismatch[]): Promise<void> {
  for (let start = 0; start < found.length; start += ROWS_PER_STATEMENT) {
    const some = found.slice(start, start + ROWS_PER_STATEMENT);
    const values = some.flatMap(({ record, kind, ...rest }): Value[] => [
      ...[run, ...placeOf(record), kind, rest.expected ?? null, rest.found ?? null],
      ...[rest.sequence ?? null, rest.settledUpTo ?? null, 'found'],
    ]);
    await tx.run(
      `INSERT INTO reconcile_differences (run, unit, place, kind, expected, found, sequence, settled_up_to, fate)
       VALUES ${some.map(() => '(?, ?, ?, ?, ?, ?, ?, ?, ?)').join(', ')} ON CONFLICT DO NOTHING`,
      values,
    );
  }
}

function toKept(row: RunRow | undefined): KeptRun | undefined {
  return row && { revision: Number(row.revision), state: JSON.parse(row.state) as RunState };
}

function toDifference({ unit, place, kind, expected, found, label, fate, ...row }: DifferenceRow): Difference {
  return {
    ...{ record: readRecord({ unit, place }), kind, fate },
    ...(expected === null ? {} : { expected }),
    ...(found === null ? {} : { found }),
    ...(row.sequence === null ? {} : { sequence: Number(row.sequence) }),
    ...(row.settled_up_to === null ? {} : { settledUpTo: Number(row.settled_up_to) }),
    ...(label === null ? {} : { label }),
  };
}
