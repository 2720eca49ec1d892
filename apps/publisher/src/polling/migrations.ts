import type { MigrationClass } from '@crm-mesh/store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

class CreateCursors1764000000700 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE publisher_cursors (
      tenant varchar(255) NOT NULL,
      connection varchar(255) NOT NULL,
      work varchar(20) NOT NULL,
      entity varchar(255) NOT NULL,
      revision bigint NOT NULL,
      state text NOT NULL,
      PRIMARY KEY (tenant, connection, work, entity))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE publisher_cursors');
  }
}

export const CURSOR_MIGRATIONS: MigrationClass[] = [CreateCursors1764000000700];
