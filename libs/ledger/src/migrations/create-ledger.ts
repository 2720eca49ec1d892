import { Table, type MigrationInterface, type QueryRunner, type TableColumnOptions } from 'typeorm';

const text = (name: string): TableColumnOptions => ({ name, type: 'text' });
const key = (name: string): TableColumnOptions => ({ name, type: 'varchar', length: '255', isPrimary: true });
const count = (name: string): TableColumnOptions => ({ name, type: 'bigint' });

export class CreateLedger1764000001000 implements MigrationInterface {
  readonly name = 'CreateLedger1764000001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.createTable(
      new Table({
        name: 'ledger',
        columns: [
          ...['tenant', 'connection', 'entity', 'id'].map(key),
          count('version'),
          { name: 'state', type: 'varchar', length: '8' },
          { name: 'hash', type: 'varchar', length: '64' },
          ...['sequence', 'modified_at', 'content_at', 'seen_at'].map(count),
          { ...text('data'), isNullable: true },
          text('aliases'),
          { ...text('field_times'), isNullable: true },
        ],
      }),
    );
    const incarnation: TableColumnOptions = { name: 'incarnation', type: 'varchar', length: '255', isPrimary: true };
    await runner.createTable(new Table({ name: 'ledger_position', columns: [incarnation, count('position')] }));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropTable('ledger_position');
    await runner.dropTable('ledger');
  }
}
