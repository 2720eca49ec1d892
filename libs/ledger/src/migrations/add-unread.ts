import { TableColumn, type MigrationInterface, type QueryRunner } from 'typeorm';

/** Which fields of a record could not be read: those few records are found without a look at the others. */
export class AddUnread1764000001300 implements MigrationInterface {
  readonly name = 'AddUnread1764000001300';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of ['ledger', 'ledger_shadow'])
      await runner.addColumn(table, new TableColumn({ name: 'unread', type: 'text', isNullable: true }));
    const columns = 'tenant, connection, entity, id';
    await runner.query(`CREATE INDEX ledger_unread ON ledger (${columns}) WHERE unread IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX ledger_unread');
    for (const table of ['ledger_shadow', 'ledger']) await runner.dropColumn(table, 'unread');
  }
}
