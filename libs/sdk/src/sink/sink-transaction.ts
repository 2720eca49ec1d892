/** What a statement takes for a `?`, and gives back. */
export type SinkValue = string | number | bigint | null | Uint8Array;

/** A transaction in the plugin's own database (`sink`). Statements use `?` for parameters, on SQLite and PostgreSQL alike. */
export interface SinkTransaction {
  /** For the few statements that the two do not have in common. */
  readonly dialect: 'sqlite' | 'postgres';
  /** Returns how many rows it changed. */
  run(sql: string, parameters?: readonly SinkValue[]): Promise<number>;
  /** Returns rows, of a `SELECT` or of a `RETURNING`. */
  all<Row>(sql: string, parameters?: readonly SinkValue[]): Promise<Row[]>;
}

/** Reads a `sink` beside its transactions: it locks nothing, and sees what is committed. */
export type SinkReader = Pick<SinkTransaction, 'dialect' | 'all'>;

/** What is done in one transaction. What it throws rolls all of it back. */
export type SinkWork<Result> = (tx: SinkTransaction) => Promise<Result>;
