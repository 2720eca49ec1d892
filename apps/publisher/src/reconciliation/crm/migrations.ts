import type { MigrationClass } from '@crm-mesh/store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

const KEY = ['tenant', 'connection', 'entity', 'run', 'place'];

class CreateReconcileMet1764000001410 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    const key = KEY.map((column) => `${column} varchar(255) NOT NULL`).join(', ');
    const primary = `PRIMARY KEY (${KEY.join(', ')})`;
    await runner.query(`CREATE TABLE reconcile_met (${key}, ${primary})`);
    await runner.query(`CREATE TABLE reconcile_suspects (${key}, suspect text NOT NULL, ${primary})`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE reconcile_suspects');
    await runner.query('DROP TABLE reconcile_met');
  }
}

/** What a comparison with a CRM remembers while it runs. */
export const CRM_LEG_MIGRATIONS: MigrationClass[] = [CreateReconcileMet1764000001410];
