import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchCase, Contest, OpenOptions } from '../src/bench-case.js';
import { Ground } from '../src/ground.js';
import { watchRss } from '../src/watch-rss.js';
import { startWorker } from '../src/worker.js';
import { sendBurst, startServer } from './webhook.js';

const LIMIT_MS = 120_000;

/** The publisher, normaliser and ledger included, while webhooks come as fast as it takes them. */
export const memory: BenchCase = {
  name: 'memory',
  reference: 'bare Nest + Fastify, same load',
  unit: 'MB more',
  goal: { kind: 'more-at-most', target: 80 },
  events: 20_000,
  open: openMemory,
};

async function openMemory({ events, profileDir }: OpenOptions): Promise<Contest> {
  const ground = await Ground.open();
  const load = await startServer(ground, 'src/load-generator');
  let runs = 0;
  return {
    // A fresh process each time: memory that was taken once is seldom given back.
    measure: async (side) => {
      const isOurs = side === 'ours';
      await ground.clear('CRM_RAW', 'CRM_EVENTS');
      const worker = startWorker(isOurs ? 'src/publisher-server' : 'references/nest-stock', { profileDir });
      try {
        const folder = mkdtempSync(join(ground.temp.path, 'run-'));
        const url = await worker.call<string>('open', isOurs ? { natsUrl: ground.natsUrl, folder } : {});
        const watch = watchRss(worker);
        await sendBurst(load, { url, count: events, run: `m${(runs += 1)}` });
        if (isOurs) await ground.waitForMessages('CRM_EVENTS', events, LIMIT_MS);
        return await watch.stop();
      } finally {
        await worker.stop();
      }
    },
    close: () => ground.close(),
  };
}
