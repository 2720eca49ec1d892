// The host with plugins that only count, in a process of its own.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startHost, type RunningHost } from '@crm-mesh/host/start';
import { Effects } from './effects.js';
import { serveWorker } from './serve-worker.js';

/** Of the first; the others are numbered. */
export const PLUGIN = 'bench';

export interface HostOptions {
  natsUrl: string;
  folder: string;
  /** Of its store; default: a SQLite file in the folder. */
  store?: string;
  /** As mesh.yaml says it of each plugin. Default: inline. */
  delivery?: object;
  /** With `handleBatch`. */
  batches?: boolean;
  /** How many; default 1. */
  plugins?: number;
  /** Another plugin instead, which runs in a worker. */
  plugin?: { name: string; source: string };
}

const writeSource = (name: string, batches: boolean): string => `
import { definePlugin, RetryLater } from '@crm-mesh/sdk';
const { benchEffects } = globalThis as unknown as { benchEffects?: { note(dueNs?: string): void } };
// In a worker there is nothing of the host's: the first and the count go there over a channel, late but whole.
const counts = benchEffects ? undefined : new BroadcastChannel('bench-effects');
let count = 0;
let firstMs = 0;
function countHere(): void {
  if (count === 0) {
    firstMs = Date.now();
    setTimeout(tell, 20).unref();
  }
  count += 1;
}
function tell(): void {
  counts?.postMessage({ count, firstMs });
  count = 0;
}
function take(event: { data: { custom?: Record<string, unknown> } }): void {
  const { waitMs, dueNs } = event.data.custom ?? {};
  if (waitMs !== undefined) throw new RetryLater(Number(waitMs));
  if (benchEffects) benchEffects.note(dueNs as string | undefined);
  else countHere();
}
export default definePlugin({
  name: '${name}',
  events: ['deal.*'],
  ${batches ? 'handleBatch: (events) => events.forEach(take)' : 'handle: take'},
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
  open: async ({ natsUrl, folder, store, delivery, batches = false, plugins: count = 1, plugin }: HostOptions) => {
    mkdirSync(join(folder, 'plugins'), { recursive: true });
    const counting = Array.from({ length: count }, (_, index) => (index === 0 ? PLUGIN : `${PLUGIN}-${index + 1}`));
    const names = plugin ? [plugin.name] : counting;
    for (const name of names)
      writeFileSync(join(folder, 'plugins', `${name}.plugin.ts`), plugin?.source ?? writeSource(name, batches));
    const settings = { delivery: delivery ?? { isolation: plugin ? 'worker' : 'inline' } };
    const config = {
      store: { host: store ?? `sqlite:${join(folder, 'host.db')}` },
      plugins: Object.fromEntries(names.map((name) => [name, settings])),
    };
    writeFileSync(join(folder, 'mesh.yaml'), JSON.stringify(config)); // JSON is YAML
    host = await startHost({ env: { NATS_URL: natsUrl }, cwd: folder });
    const running = host.plugins();
    const faulty = running.find(({ state }) => state !== 'running');
    if (faulty || running.length !== count) throw new Error(`${faulty?.name} does not run: ${faulty?.reason}`);
  },
  effects: async () => {
    await new Promise((resolve) => setTimeout(resolve, TOLD_WITHIN_MS));
    return effects.tell();
  },
  reset: () => effects.reset(),
  stop: () => host.stop(),
});
