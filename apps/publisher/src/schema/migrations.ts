import type { MigrationClass } from '@crm-mesh/store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

class CreateCrmSchemas1764000000400 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE crm_schemas (
      connection varchar(512) NOT NULL PRIMARY KEY,
      description text NOT NULL,
      seen_ms bigint NOT NULL)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE crm_schemas');
  }
}

export const SCHEMA_MIGRATIONS: MigrationClass[] = [CreateCrmSchemas1764000000400];
