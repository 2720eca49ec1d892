import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Webhook } from 'standardwebhooks';
import { testPlugin } from '@crm-mesh/sdk/testing';
import plugin from './deal-won-notifier.plugin.js';

const SECRET = `whsec_${Buffer.from('a secret of at least 24 bytes').toString('base64')}`;

let server: Server;
let webhookUrl: string;
let received: { headers: IncomingHttpHeaders; body: string }[];
/** What the receiver answers, one after the other; then 204. */
let answers: { status: number; headers?: Record<string, string> }[];

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (part: string) => (body += part));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      const { status, headers } = answers.shift() ?? { status: 204 };
      response.writeHead(status, headers).end();
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  webhookUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/deals`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  received = [];
  answers = [];
});

const notifier = (options = {}) => testPlugin(plugin, { config: { webhookUrl, secret: SECRET }, ...options });

describe('deal-won-notifier', () => {
  it('tells a won deal, signed so that the official library takes it', async () => {
    const run = await notifier().send('deal.won', { id: '7', name: 'Big one' });
    expect(run.outcome).toBe('done');
    const [{ headers, body }] = received as [(typeof received)[0]];
    expect(new Webhook(SECRET).verify(body, headers as Record<string, string>)).toMatchObject({
      type: 'deal.won',
      data: { id: '7', name: 'Big one', amount: { value: '1200.00', currency: 'EUR' } },
    });
  });

  it('keeps its id over attempts, and waits as it is told', async () => {
    answers = [{ status: 500 }, { status: 425, headers: { 'retry-after': '2' } }];
    const run = await notifier().send('deal.won');
    expect(run.attempts).toMatchObject([{ kind: 'failed' }, { kind: 'retry-later', delayMs: 2_000 }, { kind: 'done' }]);
    expect(new Set(received.map(({ headers }) => headers['webhook-id']))).toEqual(
      new Set(['deal-won-notifier:acme/hubspot/deal/4711@1']),
    );
  });

  it.each([
    [400, undefined, 'permanent'],
    [401, undefined, 'permanent'],
    [410, undefined, 'permanent'],
    [302, undefined, 'permanent'],
    [408, undefined, 'failed'],
    [425, '1', 'retry-later'],
    [500, undefined, 'failed'],
    [500, new Date(Date.now() + 60_000).toUTCString(), 'retry-later'],
    [429, undefined, 'unavailable'],
    [429, '1', 'unavailable'],
    [502, undefined, 'unavailable'],
    [503, '5', 'unavailable'],
  ])('%i with Retry-After %s is %s', async (status, retryAfter, outcome) => {
    answers = [{ status, headers: { location: webhookUrl, ...(retryAfter ? { 'retry-after': retryAfter } : {}) } }];
    expect(await notifier({ maxAttempts: 1 }).send('deal.won')).toMatchObject({ outcome });
    expect(received).toHaveLength(1);
  });

  it('takes a receiver that is away for unavailable', async () => {
    const run = await testPlugin(plugin, { config: { webhookUrl: 'http://127.0.0.1:1/', secret: SECRET } }).send(
      'deal.won',
    );
    expect(run).toMatchObject({ outcome: 'unavailable', settled: 'waiting' });
  });

  it('takes a receiver that does not answer for a timeout', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((ready) => silent.once('listening', ready));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    const run = await testPlugin(plugin, {
      config: { webhookUrl: url, secret: SECRET },
      timeoutMs: 50,
      maxAttempts: 1,
    }).send('deal.won');
    expect(run.outcome).toBe('timeout');
    silent.closeAllConnections();
    silent.close();
  });

  it.each([
    [{ webhookUrl: 'not a url', secret: SECRET }, /webhookUrl/],
    [{ webhookUrl: 'https://x.example', secret: 'short' }, /secret must be whsec_/],
  ])('refuses the configuration %j', async (config, message) => {
    await expect(testPlugin(plugin, { config }).send('deal.won')).rejects.toThrow(message);
  });
});
