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

class CreatePayloadShapes1764000001310 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE payload_shapes (
      connection varchar(512) NOT NULL,
      entity varchar(255) NOT NULL,
      shape text NOT NULL,
      seen_ms bigint NOT NULL,
      PRIMARY KEY (connection, entity))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE payload_shapes');
  }
}

export const SCHEMA_MIGRATIONS: MigrationClass[] = [CreateCrmSchemas1764000000400, CreatePayloadShapes1764000001310];
