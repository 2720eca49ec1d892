// What the normaliser is in the mesh, bare: consumes CRM_RAW, publishes to CRM_EVENTS, acks on the PubAck.
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager, type ConsumerMessages } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { serveWorker } from '../src/serve-worker.js';

let nc: NatsConnection;
let messages: ConsumerMessages;

serveWorker({
  open: async ({ natsUrl }: { natsUrl: string }) => {
    nc = await connect({ servers: natsUrl, noAsyncTraces: true });
    const js = jetstream(nc);
    const jsm = await jetstreamManager(nc);
    await jsm.consumers.add('CRM_RAW', {
      durable_name: 'relay',
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
    });
    const consumer = await js.consumers.get('CRM_RAW', 'relay');
    messages = await consumer.consume({
      callback: (message) => {
        const { id } = message.json<{ id: string }>();
        const subject = `crm.bench.${message.seq}`;
        void js.publish(subject, message.data, { msgID: `event ${id}` }).then(() => message.ack());
      },
    });
  },
  stop: async () => {
    await messages.close();
    await nc.close();
  },
});
