import { Table, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm';

/** Digests of ranges of records, and the tables in which a ledger is built anew beside the one that is used. */
export class CreateRanges1764000001200 implements MigrationInterface {
  readonly name = 'CreateRanges1764000001200';

  async up(runner: QueryRunner): Promise<void> {
    const { type } = runner.dataSource.options;
    // Ranges need one order of ids for all: that of their bytes.
    if (type === 'postgres') await runner.query('ALTER TABLE ledger ALTER COLUMN id TYPE varchar(255) COLLATE "C"');
    const place = (name: string): TableColumnOptions => ({
      ...key(name),
      collation: type === 'postgres' ? 'C' : 'BINARY',
    });
    const scope = ['tenant', 'connection', 'entity'].map(key);
    await runner.createTable(new Table({ name: 'ledger_shadow', columns: [...scope, place('id'), ...listRest()] }));
    const columns = [...scope, place('from_key'), count('records'), count('digest')];
    for (const name of ['ledger_ranges', 'ledger_ranges_shadow'])
      await runner.createTable(new Table({ name, columns }));
    const state = [{ ...key('name'), length: '40' }, count('revision'), { ...text('state'), isNullable: true }];
    await runner.createTable(new Table({ name: 'ledger_state', columns: state }));
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const name of ['ledger_state', 'ledger_ranges_shadow', 'ledger_ranges', 'ledger_shadow'])
      await runner.dropTable(name);
  }
}

const key = (name: string): TableColumnOptions => ({ name, type: 'varchar', length: '255', isPrimary: true });
const text = (name: string): TableColumnOptions => ({ name, type: 'text' });
const count = (name: string): TableColumnOptions => ({ name, type: 'bigint' });

/** As the ledger has them, in its order. */
function listRest(): TableColumnOptions[] {
  return [
    count('version'),
    { name: 'state', type: 'varchar', length: '8' },
    { name: 'hash', type: 'varchar', length: '64' },
    ...['sequence', 'modified_at', 'content_at', 'seen_at'].map(count),
    { ...text('data'), isNullable: true },
    text('aliases'),
    { ...text('field_times'), isNullable: true },
    { name: 'merged_into', type: 'varchar', length: '255', isNullable: true },
  ];
}
