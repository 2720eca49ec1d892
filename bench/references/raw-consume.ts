// The stock client's fastest way to consume with explicit acks: a callback, json() and ack(), nothing remembered.
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type ConsumerMessages } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Effects } from '../src/effects.js';
import { serveWorker } from '../src/serve-worker.js';

const IN_HAND = 5_000;
/** While it is paused nothing tells it so; it asks anew this often. */
const EXPIRES_MS = 2_000;

/** When it was due, where it says so: a bare message, or an event. */
interface Told {
  dueNs?: string;
  data?: { custom?: { dueNs?: string } };
}

const effects = new Effects();
let nc: NatsConnection;
let messages: ConsumerMessages;

serveWorker({
  open: async ({ natsUrl, durable }: { natsUrl: string; durable: string }) => {
    nc = await connect({ servers: natsUrl, noAsyncTraces: true });
    const jsm = await jetstreamManager(nc);
    await jsm.consumers.add('CRM_EVENTS', {
      durable_name: durable,
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
      max_ack_pending: IN_HAND,
    });
    const consumer = await jetstream(nc).consumers.get('CRM_EVENTS', durable);
    messages = await consumer.consume({
      max_messages: IN_HAND,
      expires: EXPIRES_MS,
      callback: (message) => {
        const { dueNs, data } = message.json<Told>();
        effects.note(dueNs ?? data?.custom?.dueNs);
        message.ack();
      },
    });
  },
  effects: () => effects.tell(),
  reset: () => effects.reset(),
  stop: async () => {
    await messages.close();
    await nc.close();
  },
});
