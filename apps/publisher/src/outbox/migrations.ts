import type { MigrationClass } from '@crm-mesh/store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

class CreateOutbox1764000000300 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // PostgreSQL says bytea to what SQLite calls blob.
    const bytes = runner.dataSource.options.type === 'postgres' ? 'bytea' : 'blob';
    // The key is a digest of the message id: ids may be longer than an index entry.
    await runner.query(`CREATE TABLE publisher_outbox (
      message_key char(64) NOT NULL PRIMARY KEY,
      message_id text NOT NULL,
      subject text NOT NULL,
      payload ${bytes} NOT NULL,
      size_bytes integer NOT NULL,
      taken_ms bigint NOT NULL,
      due_ms bigint NOT NULL)`);
    await runner.query('CREATE INDEX publisher_outbox_by_due ON publisher_outbox (due_ms)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE publisher_outbox');
  }
}

export const OUTBOX_MIGRATIONS: MigrationClass[] = [CreateOutbox1764000000300];
