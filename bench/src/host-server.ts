// The host with one plugin that only counts, in a process of its own.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startHost, type RunningHost } from '@crm-mesh/host/start';
import { Effects } from './effects.js';
import { serveWorker } from './serve-worker.js';

export const PLUGIN = 'bench';

const SOURCE = `
import { definePlugin, RetryLater } from '@crm-mesh/sdk';
const { benchEffects } = globalThis as unknown as { benchEffects?: { note(dueNs?: string): void } };
// In a worker there is nothing of the host's: the first and the count go there over a channel, late but whole.
const counts = benchEffects ? undefined : new BroadcastChannel('bench-effects');
let count = 0;
let firstMs = 0;
function countHere(): void {
  if (count === 0) firstMs = Date.now();
  count += 1;
}
setInterval(() => {
  if (count > 0) counts?.postMessage({ count, firstMs });
  count = 0;
}, 20).unref();
export default definePlugin({
  name: '${PLUGIN}',
  events: ['deal.*'],
  handle: (event) => {
    const { waitMs, dueNs } = event.data.custom ?? {};
    if (waitMs !== undefined) throw new RetryLater(Number(waitMs));
    if (benchEffects) benchEffects.note(dueNs as string | undefined);
    else countHere();
  },
});
`;

const effects = new Effects();
Object.assign(globalThis, { benchEffects: effects });
let host: RunningHost;
const counts = new BroadcastChannel('bench-effects');
counts.addEventListener('message', (message) =>
  effects.add((message as unknown as { data: { count: number; firstMs: number } }).data),
);
/** By then a worker has told what it counted. */
const TOLD_WITHIN_MS = 100;

serveWorker({
  open: async ({ natsUrl, folder, delivery }: { natsUrl: string; folder: string; delivery?: object }) => {
    mkdirSync(join(folder, 'plugins'), { recursive: true });
    writeFileSync(join(folder, 'plugins', `${PLUGIN}.plugin.ts`), SOURCE);
    const plugins = { [PLUGIN]: { delivery: { isolation: 'inline', ...delivery } } };
    writeFileSync(
      join(folder, 'mesh.yaml'),
      JSON.stringify({ store: { host: `sqlite:${join(folder, 'host.db')}` }, plugins }),
    );
    host = await startHost({ env: { NATS_URL: natsUrl }, cwd: folder });
    const [plugin] = host.plugins();
    if (plugin?.state !== 'running') throw new Error(`the plugin does not run: ${plugin?.reason}`);
  },
  effects: async () => {
    await new Promise((resolve) => setTimeout(resolve, TOLD_WITHIN_MS));
    return effects.tell();
  },
  reset: () => effects.reset(),
  stop: () => host.stop(),
});
