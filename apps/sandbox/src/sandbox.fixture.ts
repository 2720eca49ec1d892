import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
import { createLogger } from '@crm-mesh/telemetry';
import { startSandbox, type RunningSandbox, type SandboxOptions } from './start-sandbox.js';
import type { WebhookItem } from './hubspot/webhooks/webhook-item.js';

export interface Received {
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
  items: WebhookItem[];
}

export interface Listener {
  url: string;
  requests: Received[];
  items(): WebhookItem[];
  /** The most requests that were being answered at once. */
  mostAtOnce: number;
}

/** Undefined: never answers. */
export type Answer = (request: Received, index: number) => number | undefined | Promise<number>;

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A server that takes webhooks; closed after the test. */
export async function listen(answer: Answer = () => 204): Promise<Listener> {
  const listener: Listener = {
    url: '',
    requests: [],
    items: () => listener.requests.flatMap(({ items }) => items),
    mostAtOnce: 0,
  };
  let answering = 0;
  const server = createServer(async (request, response) => {
    listener.mostAtOnce = Math.max(listener.mostAtOnce, (answering += 1));
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const received = {
      url: request.url ?? '',
      headers: request.headers,
      body,
      items: JSON.parse(body) as WebhookItem[],
    };
    listener.requests.push(received);
    const status = await answer(received, listener.requests.length - 1);
    answering -= 1;
    if (status !== undefined) response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  listener.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/acme/hubspot`;
  return listener;
}

/** A quiet sandbox; stopped after the test. */
export async function open(options: SandboxOptions = {}): Promise<RunningSandbox> {
  const log = createLogger({ app: 'test', level: 'silent' });
  const sandbox = await startSandbox({
    log,
    ...options,
    knobs: { batchWaitMs: 20, retryDelaysMs: [10, 10, 10], ...options.knobs },
  });
  closers.push(() => sandbox.stop());
  return sandbox;
}

/** What is done meanwhile is gathered whole, however long it takes: timers would cut it where the machine is busy. */
export async function atOnce<T>(sandbox: RunningSandbox, act: () => T | Promise<T>): Promise<T> {
  sandbox.turnKnobs({ paused: true });
  try {
    return await act();
  } finally {
    sandbox.turnKnobs({ paused: false });
  }
}

/** An answer that holds the first requests until so many are open. */
export function holdUntilOpen(count: number): Answer {
  let arrived = 0;
  let release: () => void = () => {};
  const allOpen = new Promise<void>((resolve) => (release = resolve));
  return async () => {
    if (++arrived === count) release();
    await allOpen;
    return 200;
  };
}
