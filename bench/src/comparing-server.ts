// The ledger against a plugin, compared as the publisher does it, in a process of its own.
import { connectNats, type Nats } from '@crm-mesh/jetstream';
import { Ledger, LEDGER_MIGRATIONS } from '@crm-mesh/ledger';
import { askConsumer, comparePlugin, readSettledPosition, type AskConsumer } from '@crm-mesh/reconciliation';
import { openStore, type Store } from '@crm-mesh/store';
import { TENANT } from './crm-messages.js';
import { serveWorker } from './serve-worker.js';
import { HOLDER } from './two-sides.js';

export interface CompareOptions {
  connection: string;
  /** Whether the plugin says that it knows digests. */
  digests: boolean;
}

export interface Compared {
  seconds: number;
  /** `<kind> <id>` */
  found: string[];
  records: number;
  /** Of both sides. */
  rows: number;
  /** The most that the process ever took, over what it took before, in MB. */
  moreMb: number;
}

const LOG = { info() {}, warn: console.error };
const KB_PER_MB = 1_024;
const BYTES_PER_MB = 1_024 * 1_024;

let nats: Nats;
let store: Store;
let ledger: Ledger;

async function compare({ connection, digests }: CompareOptions): Promise<Compared> {
  const baseMb = process.memoryUsage.rss() / BYTES_PER_MB;
  const begunMs = performance.now();
  const ask = askConsumer(nats, HOLDER);
  const comparison = comparePlugin({
    ask: digests ? ask : withoutDigests(ask),
    ledger,
    scope: { tenant: TENANT, connection, entity: 'contact' },
    settledUpTo: () => readSettledPosition(nats, HOLDER),
  });
  const told: Compared = { seconds: 0, found: [], records: 0, rows: 0, moreMb: 0 };
  for await (const { found, compared, rows } of comparison.steps(undefined, new AbortController().signal)) {
    told.found.push(...found.map(({ kind, record }) => `${kind} ${record.id}`));
    told.records += compared;
    told.rows += rows;
  }
  told.seconds = (performance.now() - begunMs) / 1_000;
  told.moreMb = process.resourceUsage().maxRSS / KB_PER_MB - baseMb;
  return told;
}

/** A plugin that can only be read in pages. */
function withoutDigests(ask: AskConsumer): AskConsumer {
  return async (question) => {
    const answer = await ask(question);
    return 'entities' in answer ? { ...answer, digests: false } : answer;
  };
}

serveWorker({
  open: async ({ natsUrl, store: url }: { natsUrl: string; store: string }) => {
    nats = await connectNats({ name: 'comparing', url: natsUrl });
    store = await openStore({ url, migrations: LEDGER_MIGRATIONS });
    ledger = await Ledger.open({ nats, store, log: LOG });
  },
  compare,
  stop: async () => {
    await ledger.close();
    await store.close();
    await nats.close();
  },
});
