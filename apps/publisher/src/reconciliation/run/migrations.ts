import type { MigrationClass } from '@crm-mesh/store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

class CreateReconciliation1764000000900 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Of a pair one run is open at most.
    await runner.query(`CREATE TABLE reconcile_runs (
      run varchar(16) NOT NULL PRIMARY KEY,
      pair varchar(600) NOT NULL,
      open_pair varchar(600) UNIQUE,
      begun_ms bigint NOT NULL,
      revision bigint NOT NULL,
      state text NOT NULL)`);
    await runner.query('CREATE INDEX reconcile_runs_by_pair ON reconcile_runs (pair, begun_ms)');
    await runner.query(`CREATE TABLE reconcile_differences (
      run varchar(16) NOT NULL,
      unit varchar(768) NOT NULL,
      place varchar(255) NOT NULL,
      kind varchar(12) NOT NULL,
      expected text,
      found text,
      sequence bigint,
      settled_up_to bigint,
      label varchar(24),
      fate varchar(12) NOT NULL,
      PRIMARY KEY (run, unit, place, kind))`);
    await runner.query('CREATE INDEX reconcile_differences_by_record ON reconcile_differences (unit, place)');
    await runner.query('CREATE INDEX reconcile_differences_by_fate ON reconcile_differences (run, fate)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE reconcile_differences');
    await runner.query('DROP TABLE reconcile_runs');
  }
}

export const RECONCILIATION_MIGRATIONS: MigrationClass[] = [CreateReconciliation1764000000900];
