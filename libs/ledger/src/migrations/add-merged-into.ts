import { TableColumn, type MigrationInterface, type QueryRunner } from 'typeorm';

/** The alias table: which record has swallowed this one. */
export class AddMergedInto1764000001100 implements MigrationInterface {
  readonly name = 'AddMergedInto1764000001100';

  async up(runner: QueryRunner): Promise<void> {
    const column = { name: 'merged_into', type: 'varchar', length: '255', isNullable: true };
    await runner.addColumn('ledger', new TableColumn(column));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.dropColumn('ledger', 'merged_into');
  }
}
