// One side alone, read in pages that the database packs, by a loop that only counts.
import { openStore, type Store } from '@crm-mesh/store';
import { TENANT } from '../src/crm-messages.js';
import { serveWorker } from '../src/serve-worker.js';
import type { SideUrls } from '../src/two-sides.js';

const PAGE_SIZE = 10_000;

export interface ReadOptions {
  side: 'ledger' | 'sink';
  connection: string;
}

export interface PagesRead {
  records: number;
  seconds: number;
}

interface Page {
  records: number | string;
  last: string;
}

let stores: Record<ReadOptions['side'], Store>;

async function read({ side, connection }: ReadOptions): Promise<PagesRead> {
  const store = stores[side];
  const page = { ledger: writeLedgerPage, sink: writeSinkPage }[side](store.dialect);
  const begunMs = performance.now();
  let records = 0;
  let behind = '';
  for (;;) {
    const [row] = await store.read<Page>(page, [TENANT, connection, behind, PAGE_SIZE]);
    const count = Number(row!.records);
    records += count;
    if (count < PAGE_SIZE) break;
    behind = row!.last;
  }
  return { records, seconds: (performance.now() - begunMs) / 1_000 };
}

type Dialect = Store['dialect'];

function writeSinkPage(dialect: Dialect): string {
  const place = dialect === 'postgres' ? 'mesh_place COLLATE "C"' : 'mesh_place';
  return packPage(dialect, place, "FROM contacts WHERE tenant = ? AND connection = ? AND state = 'active'");
}

function writeLedgerPage(dialect: Dialect): string {
  const rows =
    "FROM ledger WHERE tenant = ? AND connection = ? AND entity = 'contact' AND state = 'present' AND version > 0";
  return packPage(dialect, 'id', rows);
}

function packPage(dialect: Dialect, place: string, rows: string): string {
  const pack = {
    sqlite: 'group_concat(place || char(9) || version, char(10))',
    postgres: 'string_agg(place || chr(9) || version, chr(10))',
  }[dialect];
  return `SELECT ${pack} AS packed, count(*) AS records, max(place) AS last
    FROM (SELECT ${place} AS place, version ${rows} AND ${place} > ? ORDER BY ${place} LIMIT ?) AS page`;
}

serveWorker({
  open: async (urls: SideUrls) => {
    const [ledger, sink] = [urls.ledger, urls.sink].map((url) => openStore({ url, migrations: [] }));
    stores = { ledger: await ledger!, sink: await sink! };
  },
  read,
  stop: async () => {
    await stores.ledger.close();
    await stores.sink.close();
  },
});
