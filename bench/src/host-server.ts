// The host with one plugin that only counts, in a process of its own.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startHost, type RunningHost } from '@crm-mesh/host/start';
import { Effects } from './effects.js';
import { serveWorker } from './serve-worker.js';

export const PLUGIN = 'bench';

const SOURCE = `
import { definePlugin, RetryLater } from '@crm-mesh/sdk';
const { benchEffects } = globalThis as unknown as { benchEffects: { note(dueNs?: string): void } };
export default definePlugin({
  name: '${PLUGIN}',
  events: ['deal.*'],
  handle: (event) => {
    const { waitMs, dueNs } = event.data.custom ?? {};
    if (waitMs !== undefined) throw new RetryLater(Number(waitMs));
    benchEffects.note(dueNs as string | undefined);
  },
});
`;

const effects = new Effects();
Object.assign(globalThis, { benchEffects: effects });
let host: RunningHost;

serveWorker({
  open: async ({ natsUrl, folder, delivery }: { natsUrl: string; folder: string; delivery?: object }) => {
    mkdirSync(join(folder, 'plugins'), { recursive: true });
    writeFileSync(join(folder, 'plugins', `${PLUGIN}.plugin.ts`), SOURCE);
    const plugins = { [PLUGIN]: delivery ? { delivery } : {} };
    writeFileSync(
      join(folder, 'mesh.yaml'),
      JSON.stringify({ store: { host: `sqlite:${join(folder, 'host.db')}` }, plugins }),
    );
    host = await startHost({ env: { NATS_URL: natsUrl }, cwd: folder });
    const [plugin] = host.plugins();
    if (plugin?.state !== 'running') throw new Error(`the plugin does not run: ${plugin?.reason}`);
  },
  effects: () => effects.tell(),
  reset: () => effects.reset(),
  stop: () => host.stop(),
});
