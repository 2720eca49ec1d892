import type { MigrationClass } from '@crm-mesh/store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

class CreateRefreshTokens1764000001450 implements MigrationInterface {
  /** `configured`: the fingerprint of the token in mesh.yaml that the sealed one came from. */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE publisher_refresh_tokens (
      tenant varchar(255) NOT NULL,
      connection varchar(255) NOT NULL,
      configured varchar(64) NOT NULL,
      sealed text NOT NULL,
      saved_ms bigint NOT NULL,
      PRIMARY KEY (tenant, connection, configured))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE publisher_refresh_tokens');
  }
}

export const REFRESH_TOKEN_MIGRATIONS: MigrationClass[] = [CreateRefreshTokens1764000001450];
