// The publishing object of libs/jetstream, in a process of its own.
import { connectNats, type Nats } from '@crm-mesh/jetstream';
import { EVENT_HEADERS, makeEvents } from './crm-messages.js';
import { runWindow } from './run-window.js';
import { serveWorker } from './serve-worker.js';

let nats: Nats;

export interface PublishTask {
  count: number;
  run: string;
  window: number;
}

serveWorker({
  open: async ({ natsUrl }: { natsUrl: string }) => {
    nats = await connectNats({ name: 'bench', url: natsUrl });
  },
  /** Seconds until every ack was there. */
  publish: async ({ count, run, window }: PublishTask) => {
    const messages = makeEvents(count, { run });
    const startedMs = performance.now();
    await runWindow(count, window, (index) => nats.publish({ ...messages[index]!, headers: EVENT_HEADERS }));
    return (performance.now() - startedMs) / 1_000;
  },
  stop: () => nats.close(),
});
