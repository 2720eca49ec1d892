// A host in small, to be killed: one ordered consumer whose effects are lines in a file. Run by order-under-kills.spec.ts.
import { openSync, writeSync } from 'node:fs';
import { DEFAULT_POLICY, DELIVERY_MIGRATIONS, startConsumer } from '@crm-mesh/delivery';
import { connectNats } from '@crm-mesh/jetstream';
import { openStore } from '@crm-mesh/store';
import { createLogger, createMetrics } from '@crm-mesh/telemetry';

const [natsUrl, database, effectsFile] = process.argv.slice(2);
const effects = openSync(effectsFile, 'a');
const nats = await connectNats({ name: 'ordered', url: natsUrl });
const store = await openStore({ url: `sqlite:${database}`, migrations: DELIVERY_MIGRATIONS });

async function runHandler({ items }) {
  // Long enough that about ten are in hand whenever the process is killed.
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
  if (Math.random() < 0.03) return { kind: 'failed', error: { name: 'Error', message: 'by chance' } };
  if (Math.random() < 0.01) return { kind: 'retry-later', delayMs: 600, error: { name: 'Error', message: 'parks' } };
  writeSync(effects, `${Buffer.from(items[0].data)}\n`);
  return { kind: 'done' };
}

const consumer = await startConsumer(
  {
    name: 'ordered',
    description: 'order under kills',
    stream: 'CRM_EVENTS',
    filterSubject: 'crm.>',
    metadata: {},
    version: '1',
    policy: {
      ...DEFAULT_POLICY,
      startFrom: 'all',
      concurrency: 20,
      ackWaitMs: 1_000,
      maxAttempts: 100,
      backoff: { initialMs: 30, maxMs: 200, factor: 2 },
      parkAfterMs: 400,
    },
    runHandler,
  },
  {
    nats,
    store,
    log: createLogger({ app: 'ordered', level: 'error' }),
    metrics: createMetrics({ app: 'ordered' }),
  },
);
// Asked when the test finds that something waits for ever.
process.on('SIGUSR2', () => console.error(JSON.stringify(consumer.status())));
console.log('ready');
process.stdin.on('end', () => process.exit()).resume();
