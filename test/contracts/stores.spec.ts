import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openStore, type Store } from '@crm-mesh/store';
import { describeCursorRows } from './stores/cursor-rows.js';
import { describeDeliveryRows } from './stores/delivery-rows.js';
import { describeLedgerRows } from './stores/ledger-rows.js';
import { describeLifeRows } from './stores/life-rows.js';
import { ALL_MIGRATIONS, describeMigrations } from './stores/migrations.js';
import { describeHoldRows } from './stores/hold-rows.js';
import { describeOutboxRows } from './stores/outbox-rows.js';
import { describeRangeRows } from './stores/range-rows.js';
import { describeRefreshTokenRows } from './stores/refresh-token-rows.js';
import { describeRebuildRows } from './stores/rebuild-rows.js';
import { describeReconcileRows } from './stores/reconcile-rows.js';
import { describeRunRows } from './stores/run-rows.js';
import { describeSchemaRows } from './stores/schema-rows.js';
import { describeSnapshotRows } from './stores/snapshot-rows.js';
import { listStoreKinds } from './stores/places.js';
import { describeTables } from './stores/tables.js';
import { describeTransactions } from './stores/transactions.js';

/** A table that is not here has no test below. */
const TABLES = [
  'crm_schemas',
  ...['delivery_epochs', 'delivery_failures', 'delivery_holds', 'delivery_inbox', 'delivery_lives'],
  ...[
    'delivery_parked',
    'delivery_parked_lanes',
    'delivery_receipts',
    'delivery_snapshots',
    'delivery_suspects',
    'delivery_sweeps',
    'ledger',
    'ledger_position',
    'ledger_ranges',
    'ledger_ranges_shadow',
    'ledger_shadow',
    'ledger_state',
    'payload_shapes',
    'publisher_cursors',
    'publisher_outbox',
    'publisher_refresh_tokens',
    'reconcile_differences',
    'reconcile_met',
    'reconcile_runs',
    'reconcile_suspects',
  ],
];

const kinds = await listStoreKinds();
for (const { name, absent } of kinds) if (absent) console.warn(`NOT TESTED: the store on ${name}: ${absent}`);

describe.each(kinds)('the store on $name', (kind) => {
  kind.use();

  describe.skipIf(kind.absent !== undefined)('is the same for everybody', () => {
    describeTransactions(kind);
    describeMigrations(kind);

    describe('with all tables', () => {
      let store: Store;
      beforeAll(
        async () => void (store = await openStore({ url: await kind.makePlace(), migrations: ALL_MIGRATIONS })),
      );
      afterEach(() =>
        store.write(async (tx) => {
          for (const table of TABLES) await tx.run(`DELETE FROM ${table}`);
        }),
      );
      afterAll(() => store.close());

      it('has a test for each table', async () => {
        expect(Object.keys(await describeTables(store)).toSorted()).toEqual(TABLES);
      });

      describeDeliveryRows(() => store);
      describeHoldRows(() => store);
      describeSnapshotRows(() => store);
      describeLifeRows(() => store);
      describeLedgerRows(() => store);
      describeRangeRows(() => store);
      describeRebuildRows(() => store, kind.makePlace);
      describeOutboxRows(() => store);
      describeCursorRows(() => store);
      describeSchemaRows(() => store);
      describeRefreshTokenRows(() => store);
      describeReconcileRows(() => store);
      describeRunRows(() => store);
    });
  });
});
