// Sends at a steady rate whatever becomes of the answers (autocannon sends a second's share at once, in a burst).
import { Agent, request } from 'node:http';
import { jetstream, type JetStreamClient } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from '@nats-io/transport-node';
import { EVENT_HEADERS, makeEvents } from './crm-messages.js';
import { serveWorker } from './serve-worker.js';
import { signWebhook } from './webhooks.js';

const TICK_MS = 1;
const CONNECTIONS = 64;
/** Stands in an event for when it is due, until that is known. */
const DUE = 'due-ns';

interface Pace {
  count: number;
  perSecond: number;
  run: string;
}

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
let nc: NatsConnection | undefined;
let js: JetStreamClient | undefined;

/** Resolves when all is answered; the message says when it was due, by the machine's monotonic clock. */
async function sendPaced(
  { count, perSecond }: Pace,
  send: (index: number, dueNs: string) => Promise<void>,
): Promise<number> {
  const startNs = process.hrtime.bigint();
  const gapNs = BigInt(Math.round(1e9 / perSecond));
  const sending: Promise<void>[] = [];
  await new Promise<void>((resolve) => {
    const tick = setInterval(() => {
      const now = process.hrtime.bigint();
      while (sending.length < count && startNs + BigInt(sending.length) * gapNs <= now) {
        const dueNs = String(startNs + BigInt(sending.length) * gapNs);
        sending.push(send(sending.length, dueNs));
      }
      if (sending.length < count) return;
      clearInterval(tick);
      resolve();
    }, TICK_MS);
  });
  await Promise.all(sending);
  return sending.length;
}

function post(url: string, { body, headers: signed }: ReturnType<typeof signWebhook>): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { method: 'POST', agent, headers: { ...signed, 'content-length': Buffer.byteLength(body) } };
    const sent = request(url, options, (response) => {
      response.resume();
      if (response.statusCode === 202) response.once('end', resolve);
      else reject(new Error(`answered ${response.statusCode}`));
    });
    sent.once('error', reject).end(body);
  });
}

serveWorker({
  webhooks: ({ url, ...pace }: Pace & { url: string }) =>
    sendPaced(pace, (index, dueNs) => post(url, signWebhook(`${pace.run}-${index}`, { dueNs }))),
  connect: async ({ natsUrl }: { natsUrl: string }) => {
    nc = await connect({ servers: natsUrl, noAsyncTraces: true });
    js = jetstream(nc);
  },
  messages: (pace: Pace) => {
    const messages = makeEvents(pace.count, { run: pace.run });
    return sendPaced(pace, async (index, dueNs) => {
      const { messageId, payload } = messages[index]!;
      const event = JSON.parse(payload.toString()) as object;
      const headersOfMessage = headers();
      headersOfMessage.set('content-type', 'application/json');
      const body = JSON.stringify({ ...event, dueNs });
      await js!.publish(`raw.bench.${messageId}`, body, { msgID: `raw ${messageId}`, headers: headersOfMessage });
    });
  },
  events: (pace: Pace) => {
    const messages = makeEvents(pace.count, { run: pace.run, custom: { dueNs: DUE } });
    return sendPaced(pace, async (index, dueNs) => {
      const { subject, messageId, payload } = messages[index]!;
      const headersOfMessage = headers();
      for (const [name, value] of Object.entries(EVENT_HEADERS)) headersOfMessage.set(name, value);
      const body = payload.toString().replace(DUE, dueNs);
      await js!.publish(subject, body, { msgID: messageId, headers: headersOfMessage });
    });
  },
  stop: () => nc?.close(),
});
