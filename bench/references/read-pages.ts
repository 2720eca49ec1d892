// One side alone, read in pages that the database packs, by a loop that only counts.
import { openStore, type Store } from '@crm-mesh/store';
import { TENANT } from '../src/crm-messages.js';
import { serveWorker } from '../src/serve-worker.js';

const PAGE_SIZE = 10_000;

let store: Store;
let page: string;

async function read({ connection }: { connection: string }): Promise<{ seconds: number; records: number }> {
  const begunMs = performance.now();
  let records = 0;
  let behind = '';
  for (;;) {
    const [row] = await store.read<{ packed: string; records: number; last: string }>(page, [
      ...[TENANT, connection],
      behind,
      PAGE_SIZE,
    ]);
    records += Number(row!.records);
    if (Number(row!.records) < PAGE_SIZE) break;
    behind = row!.last;
  }
  return { records, seconds: (performance.now() - begunMs) / 1_000 };
}

serveWorker({
  open: async ({ store: url }: { store: string }) => {
    store = await openStore({ url, migrations: [] });
    const [join, place] =
      store.dialect === 'sqlite'
        ? ['group_concat(mesh_place || char(9) || version, char(10))', 'mesh_place']
        : ['string_agg(mesh_place || chr(9) || version, chr(10))', 'mesh_place COLLATE "C"'];
    page = `SELECT ${join} AS packed, count(*) AS records, max(${place}) AS last FROM
      (SELECT mesh_place, version FROM contacts WHERE tenant = ? AND connection = ? AND state = 'active' AND ${place} > ?
       ORDER BY ${place} LIMIT ?) AS page`;
  },
  read,
  stop: () => store.close(),
});
