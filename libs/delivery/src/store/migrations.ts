import type { MigrationClass } from '@crm-mesh/store';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What names one delivered message for ever: sequences start anew when a stream is made anew. */
const ITEM = `
  consumer varchar(64) NOT NULL,
  stream varchar(64) NOT NULL,
  incarnation varchar(64) NOT NULL,
  sequence bigint NOT NULL`;
const ITEM_KEY = 'PRIMARY KEY (consumer, stream, incarnation, sequence)';

class CreateDelivery1764000000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE delivery_inbox (${ITEM}, done_at_ms bigint NOT NULL, ${ITEM_KEY})`);
    await runner.query(
      `CREATE TABLE delivery_failures (${ITEM}, attempts integer NOT NULL, history text NOT NULL, ${ITEM_KEY})`,
    );
    await runner.query(
      `CREATE TABLE delivery_parked (${ITEM}, lane text NOT NULL, ordinal bigint NOT NULL, subject text NOT NULL, ${ITEM_KEY})`,
    );
    await runner.query('CREATE INDEX delivery_parked_by_lane ON delivery_parked (consumer, lane, ordinal)');
    await runner.query(`CREATE TABLE delivery_parked_lanes (
      consumer varchar(64) NOT NULL, lane text NOT NULL, due_ms bigint NOT NULL, PRIMARY KEY (consumer, lane))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['inbox', 'failures', 'parked', 'parked_lanes']) {
      await runner.query(`DROP TABLE delivery_${table}`);
    }
  }
}

class CreateLives1764000000110 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE delivery_lives (
      consumer varchar(64) NOT NULL PRIMARY KEY, run_id varchar(64) NOT NULL, ended_cleanly integer NOT NULL)`);
    await runner.query(
      `CREATE TABLE delivery_suspects (${ITEM}, run_id varchar(64) NOT NULL, kills integer NOT NULL, ${ITEM_KEY})`,
    );
    await runner.query(
      'CREATE TABLE delivery_epochs (consumer varchar(64) NOT NULL PRIMARY KEY, epoch bigint NOT NULL)',
    );
    await runner.query(`CREATE TABLE delivery_sweeps (
      consumer varchar(64) NOT NULL, stream varchar(64) NOT NULL, incarnation varchar(64) NOT NULL,
      swept_to bigint NOT NULL, advised_to bigint NOT NULL, PRIMARY KEY (consumer, stream, incarnation))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['lives', 'suspects', 'epochs', 'sweeps']) await runner.query(`DROP TABLE delivery_${table}`);
  }
}

class CreateSnapshots1764000000130 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE delivery_snapshots (
      consumer varchar(64) NOT NULL PRIMARY KEY, incarnation varchar(64) NOT NULL, up_to bigint NOT NULL,
      started_at_ms bigint NOT NULL, after_key text NOT NULL, last_sent bigint NOT NULL, phase varchar(8) NOT NULL)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE delivery_snapshots');
  }
}

class CreateHolds1764000000150 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE delivery_holds (${ITEM}, lane text NOT NULL, ordinal bigint NOT NULL,
      subject text NOT NULL, letter_incarnation varchar(64) NOT NULL, letter_sequence bigint NOT NULL, ${ITEM_KEY})`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE delivery_holds');
  }
}

class CreateReceipts1764000000170 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE delivery_receipts (${ITEM}, record text NOT NULL, subject text NOT NULL,
      receipt text NOT NULL, kept_at_ms bigint NOT NULL, ${ITEM_KEY})`);
    await runner.query('CREATE INDEX delivery_receipts_by_time ON delivery_receipts (consumer, kept_at_ms)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE delivery_receipts');
  }
}

export const DELIVERY_MIGRATIONS: MigrationClass[] = [
  CreateDelivery1764000000100,
  CreateLives1764000000110,
  CreateSnapshots1764000000130,
  CreateHolds1764000000150,
  CreateReceipts1764000000170,
];
