// The publisher as `mesh up` runs it, in a process of its own.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '@crm-mesh/config';
import { startPublisher, type RunningPublisher } from '@crm-mesh/publisher/start';
import { CONNECTION, TENANT } from './crm-messages.js';
import { serveWorker } from './serve-worker.js';
import { WEBHOOK_PATH, WEBHOOK_SECRET } from './webhooks.js';

let publisher: RunningPublisher;

serveWorker({
  open: async ({ natsUrl, folder }: { natsUrl: string; folder: string }) => {
    const file = join(folder, 'mesh.yaml');
    const config = {
      store: { publisher: `sqlite:${join(folder, 'publisher.db')}` },
      // The benchmark is one sender, and is not to be slowed down.
      http: { rateLimit: { perConnectionPerSecond: 1_000_000 } },
      connections: [
        { tenant: TENANT, name: CONNECTION, source: 'standard-webhooks', config: { secrets: [WEBHOOK_SECRET] } },
      ],
    };
    writeFileSync(file, JSON.stringify(config)); // JSON is YAML
    publisher = await startPublisher({
      config: loadConfig({ file, env: {}, cwd: folder, sections: ['connections'] }),
      nats: { url: natsUrl },
    });
    return publisher.url + WEBHOOK_PATH;
  },
  stop: () => publisher.stop(),
});
