// The publisher as `mesh up` runs it, in a process of its own.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '@crm-mesh/config';
import { startPublisher, type RunningPublisher } from '@crm-mesh/publisher/start';
import { CONNECTION, TENANT } from './crm-messages.js';
import { serveWorker } from './serve-worker.js';
import { WEBHOOK_KINDS } from './webhook-kinds.js';
import { WEBHOOK_PATH } from './webhooks.js';

export interface PublisherOptions {
  natsUrl: string;
  folder: string;
  /** Its store; default: a SQLite file in the folder. */
  store?: string;
  /** Default: its ledger keeps digests of ranges, as everywhere. */
  keepsRanges?: boolean;
  /** As mesh.yaml says it; default: Standard Webhooks. */
  connection?: { source: string; config: object; poll?: object };
}

let publisher: RunningPublisher;
/** How far its clock is before ours, in milliseconds. */
let aheadMs = 0;

serveWorker({
  open: async ({ natsUrl, folder, store, keepsRanges = true, connection }: PublisherOptions) => {
    const file = join(folder, 'mesh.yaml');
    const { source, config, poll } = connection ?? { ...WEBHOOK_KINDS['standard-webhooks'], poll: undefined };
    const mesh = {
      // Beside mesh.yaml, in a folder of its own: what lies next to mesh.yaml is watched.
      store: { publisher: store ?? `sqlite:${join(folder, 'data/publisher.db')}` },
      // The benchmark is one sender, and is not to be slowed down.
      http: { rateLimit: { perConnectionPerSecond: 1_000_000 } },
      connections: [{ tenant: TENANT, name: CONNECTION, source, config, ...(poll && { poll }) }],
    };
    writeFileSync(file, JSON.stringify(mesh)); // JSON is YAML
    publisher = await startPublisher({
      config: loadConfig({ file, env: {}, cwd: folder, sections: ['connections'] }),
      nats: { url: natsUrl },
      keepsRanges,
      now: () => Date.now() + aheadMs,
    });
    return publisher.url + WEBHOOK_PATH;
  },
  /** Puts its clock forward. */
  skip: ({ ms }: { ms: number }) => void (aheadMs += ms),
  stop: () => publisher.stop(),
});
