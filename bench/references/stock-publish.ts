// Stock js.publish, each ack awaited; the client's switch against costly stack traces is on.
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { EVENT_HEADERS, makeEvents } from '../src/crm-messages.js';
import type { PublishTask } from '../src/our-publisher.js';
import { runWindow } from '../src/run-window.js';
import { serveWorker } from '../src/serve-worker.js';

let nc: NatsConnection;
let js: JetStreamClient;

serveWorker({
  open: async ({ natsUrl }: { natsUrl: string }) => {
    nc = await connect({ servers: natsUrl, noAsyncTraces: true });
    js = jetstream(nc);
  },
  publish: async ({ count, run, window }: PublishTask) => {
    const messages = makeEvents(count, { run });
    const startedMs = performance.now();
    await runWindow(count, window, (index) => {
      const { subject, payload, messageId } = messages[index]!;
      const own = headers();
      own.set('content-type', EVENT_HEADERS['content-type']);
      return js.publish(subject, payload, { msgID: messageId, headers: own });
    });
    return (performance.now() - startedMs) / 1_000;
  },
  stop: () => nc.close(),
});
