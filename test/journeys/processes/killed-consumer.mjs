// A host in small whose handler ends the process at one event. Run by killers.spec.ts.
import { openSync, writeSync } from 'node:fs';
import { DEFAULT_POLICY, DELIVERY_MIGRATIONS, Quarantine, startConsumer } from '@crm-mesh/delivery';
import { connectNats } from '@crm-mesh/jetstream';
import { openStore } from '@crm-mesh/store';
import { createLogger, createMetrics } from '@crm-mesh/telemetry';

const [natsUrl, database, effectsFile] = process.argv.slice(2);
const effects = openSync(effectsFile, 'a');
const nats = await connectNats({ name: 'killed', url: natsUrl });
const store = await openStore({ url: `sqlite:${database}`, migrations: DELIVERY_MIGRATIONS });
const quarantine = new Quarantine();

const start = (name, runHandler) =>
  startConsumer(
    {
      name,
      description: 'killers and innocents',
      stream: 'CRM_EVENTS',
      filterSubject: 'crm.>',
      metadata: {},
      version: '1',
      policy: { ...DEFAULT_POLICY, startFrom: 'all', ackWaitMs: 500 },
      runHandler,
    },
    {
      nats,
      store,
      quarantine,
      log: createLogger({ app: 'killed', level: 'silent' }),
      metrics: createMetrics({ app: 'killed' }),
    },
  );

await Promise.all([
  start('victim', async ({ items }) => {
    const text = Buffer.from(items[0].data).toString();
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (text === 'killer') process.kill(process.pid, 'SIGKILL');
    writeSync(effects, `victim ${text}\n`);
    return { kind: 'done' };
  }),
  // A second consumer in the same process, which has only innocents in hand.
  start('neighbour', async ({ items }) => {
    const text = Buffer.from(items[0].data).toString();
    await new Promise((resolve) => setTimeout(resolve, 20));
    writeSync(effects, `neighbour ${text}\n`);
    return { kind: 'done' };
  }),
]);
process.stdin.on('end', () => process.exit()).resume();
