// The publisher's path written by hand: bare node:http, verify, split, store with our publishing object, 202.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connectNats, type Nats } from '@crm-mesh/jetstream';
import { serveWorker } from '../src/serve-worker.js';
import { WEBHOOK_PATH } from '../src/webhooks.js';
import type { WebhookKindName } from '../src/webhook-kinds.js';
import { createReceiver, type Receiver } from './receive-by-hand.js';

let nats: Nats;
let server: Server;
let receive: Receiver;

async function answer(request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
  if (request.method !== 'POST' || request.url !== WEBHOOK_PATH) return void response.writeHead(404).end();
  const headers = request.headers as Record<string, string | undefined>;
  const messages = receive({ method: 'POST', url: request.url, headers, body });
  if (messages === undefined) return void response.writeHead(401).end();
  const acks = await Promise.all(messages.map((message) => nats.publish(message)));
  const duplicates = acks.filter(({ duplicate }) => duplicate).length;
  const text = JSON.stringify({ accepted: acks.length, duplicates });
  response.writeHead(202, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text);
}

function listen(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    answer(request, body, response).catch(() => response.writeHead(503).end());
  });
}

serveWorker({
  open: async ({ natsUrl, kind }: { natsUrl: string; kind: WebhookKindName }) => {
    nats = await connectNats({ name: 'bench', url: natsUrl });
    server = createServer(listen);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${WEBHOOK_PATH}`;
    receive = await createReceiver(kind, url);
    return url;
  },
  stop: async () => {
    server.closeAllConnections();
    await nats.close();
  },
});
