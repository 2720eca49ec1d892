// The load on HTTP servers, in a process of its own.
import autocannon from 'autocannon';
import { serveWorker } from './serve-worker.js';
import { WEBHOOK_KINDS, type WebhookKindName } from './webhook-kinds.js';

const CONNECTIONS = 64;
const ANSWER_LIMIT_S = 10;

export interface Burst {
  url: string;
  count: number;
  run: string;
  /** Whose webhooks; default: Standard Webhooks. */
  kind?: WebhookKindName;
}

export interface BurstResult {
  seconds: number;
  /** Answers 202. */
  accepted: number;
  /** Other answers, errors and time-outs. */
  failed: number;
}

/** `count` signed webhooks, each of an id of its own, over 64 connections, as fast as they are answered. */
async function sendBurst({ url, count, run, kind = 'standard-webhooks' }: Burst): Promise<BurstResult> {
  const connections = Math.min(CONNECTIONS, count);
  const { sign } = WEBHOOK_KINDS[kind];
  const requests = Array.from({ length: count }, (_, index) => sign(`${run}-${index}`, url));
  let clients = 0;
  let startedMs = 0;
  let lastMs = 0;
  let accepted = 0;
  const { errors, timeouts, non2xx } = await new Promise<autocannon.Result>((resolve, reject) => {
    const options: autocannon.Options = {
      url,
      method: 'POST',
      connections,
      amount: count,
      timeout: ANSWER_LIMIT_S,
      // Each connection's own share, made ready for the wire before the first is sent: making them on the way takes
      // more of the machine than many a server.
      setupClient: (client) => {
        const own = clients++;
        client.setRequests(requests.filter((_, index) => index % connections === own));
        startedMs = performance.now();
      },
    };
    const load = autocannon(options, (error: unknown, result) => (error ? reject(error as Error) : resolve(result)));
    load.on('response', (_client, status) => {
      lastMs = performance.now();
      if (status === 202) accepted += 1;
    });
  });
  return { seconds: (lastMs - startedMs) / 1_000, accepted, failed: errors + timeouts + non2xx };
}

serveWorker({ burst: sendBurst });
