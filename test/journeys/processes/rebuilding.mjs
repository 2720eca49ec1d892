// Goes on with a rebuild of the ledger, as a publisher does that begins to lead; and ends itself with kill -9 before the
// nth statement that holds a text. Run by rebuild-kills.spec.ts.
import { connectNats } from '@crm-mesh/jetstream';
import { Ledger, LEDGER_MIGRATIONS, RebuildRun } from '@crm-mesh/ledger';
import { openStore } from '@crm-mesh/store';

const [natsUrl, storeUrl, text, nth] = process.argv.slice(2);
const log = { info: () => undefined, warn: () => undefined };
const nats = await connectNats({ name: 'rebuilding', url: natsUrl });
const real = await openStore({ url: storeUrl, migrations: LEDGER_MIGRATIONS });

let left = Number(nth);
const note = (sql) => {
  if (text && sql.includes(text) && --left === 0) process.kill(process.pid, 'SIGKILL');
};
const noting = (method) => (sql, values) => (note(sql), method(sql, values));
const store = {
  ...real,
  read: noting(real.read),
  write: (work) => real.write((tx) => work({ run: noting(tx.run), all: noting(tx.all) })),
};

const ledger = await Ledger.open({ nats, store, log });
await new RebuildRun({ nats, store, log, ledger, now: Date.now }).run(new AbortController().signal);
await ledger.close();
await real.close();
await nats.close();
