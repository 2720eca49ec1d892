import { digestMark, escapeToken } from '@crm-mesh/contract';
import type { SinkReader, SinkWork } from '../sink/sink-transaction.js';
import type { PluginReconcile, ReconcileContext } from './plugin-reconcile.js';
import { prepareTable } from './prepare-table.js';
import { checkTable, STAMP_COLUMNS, type ReconcileTableOptions } from './table-columns.js';
import { readTableDigests, readTablePage } from './table-pages.js';

/** The two columns that a plugin writes with each row. */
export interface RowStamp {
  /** Where the record stands among those of its entity. */
  mesh_place: string;
  /** Of place and version; an edit by somebody else spoils it. */
  mesh_digest: number;
}

/** What `reconcileTable` makes. */
export interface ReconciledTable {
  /** For `setup`, behind the CREATE TABLE: columns, index and triggers, and the stamps of rows that are there. */
  prepare(transaction: <Result>(work: SinkWork<Result>) => Promise<Result>): Promise<void>;
  /** To be written with each row that the plugin writes, in the same statement. */
  stamp(id: string, version: number): RowStamp;
  /** The plugin's `reconcile`. */
  reconcile: PluginReconcile & Required<Pick<PluginReconcile, 'digests'>>;
}

/**
 * Makes a table of the plugin's `sink` comparable with the mesh: its pages and digests are made by the database itself, and
 * what somebody edits or adds behind the plugin's back is found.
 * @example
 * const contacts = reconcileTable({ table: 'contacts', entity: 'contact', watch: ['email'] });
 * // setup:     await contacts.prepare(transaction);
 * // each row:  { ...row, ...contacts.stamp(event.data.id, event.recordversion) }
 * // plugin:    reconcile: contacts.reconcile
 */
export function reconcileTable(options: ReconcileTableOptions): ReconciledTable {
  const table = checkTable(options);
  return {
    prepare: (transaction) => prepareTable(table, stampRow, transaction),
    stamp: stampRow,
    reconcile: {
      entities: [table.entity],
      marks: 'version',
      page: (question, context) => readTablePage(table, question, readerOf(context)),
      digests: (question, context) => readTableDigests(table, question, readerOf(context)),
    },
  };
}

function stampRow(id: string, version: number): RowStamp {
  const place = escapeToken(id);
  return { [STAMP_COLUMNS.place]: place, [STAMP_COLUMNS.digest]: digestMark(place, String(version)) };
}

function readerOf({ sink }: ReconcileContext): SinkReader {
  if (sink) return sink;
  throw new TypeError('reconcileTable needs a sink: write e.g. sink: (config) => config.url');
}
