import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { MESH_ERRORS } from '@crm-mesh/contract';
import { connectNats, type Nats } from '@crm-mesh/jetstream';
import { createLogger } from '@crm-mesh/telemetry';
import { startTestNats } from '@crm-mesh/testing';
import { expect } from 'vitest';
import { makeConfig } from '../publisher.fixture.js';
import { startPublisher } from '../start-publisher.js';
import { readAnswers, type Answer } from './read-answers.fixture.js';

// A publisher with three connections, and senders that mean it ill. Requests are written to the socket byte by byte:
// HTTP clients are too polite for them.

export const SECRETS = {
  hubspot: 'hostile-client-secret',
  cloudevents: 'hostile-bearer-token',
  standard: `whsec_${Buffer.from('hostile-signing-secret').toString('base64')}`,
};
/** Stands in bodies, and must stand in no line of the log. */
export const MARKER = 'personal-data-of-somebody';
/** Every exchange must settle within this. */
const BOUND_MS = 10_000;
/** Longest line of the log that a request may cause. */
const MAX_LINE_CHARACTERS = 1_500;

const CONNECTIONS = [
  {
    ...{ tenant: 'acme', name: 'hubspot', source: 'hubspot' },
    config: { clientSecrets: [SECRETS.hubspot], accessToken: 'hostile-access-token', apiUrl: 'http://127.0.0.1:9' },
  },
  {
    ...{ tenant: 'acme', name: 'cloudevents', source: 'cloudevents' },
    config: { tokens: [SECRETS.cloudevents], mapping: { unknownTypes: 'ignore' } },
  },
  {
    ...{ tenant: 'acme', name: 'standard', source: 'standard-webhooks' },
    config: { secrets: [SECRETS.standard] },
  },
];

export type ConnectionName = keyof typeof SECRETS;
export type Header = readonly [name: string, value: string];

export interface RequestParts {
  method?: string;
  path: string;
  headers?: readonly Header[];
  body?: Uint8Array;
}

/** A request as bytes. Its content-length is right unless `headers` names another, or a transfer-encoding. */
export function writeRequest({ method = 'POST', path, headers = [], body = Buffer.alloc(0) }: RequestParts): Buffer {
  const named = new Set(headers.map(([name]) => name.toLowerCase()));
  const usual: Header[] = [
    ['host', 'mesh.example'],
    ['connection', 'close'],
    ...(named.has('transfer-encoding') ? [] : ([['content-length', String(body.length)]] as const)),
  ];
  const all = [...usual.filter(([name]) => !named.has(name)), ...headers];
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), body]);
}

let requests = 0;

/** The headers that a well-behaved sender of this connection would add. */
export function sign(name: ConnectionName, url: string, body: Uint8Array): Header[] {
  if (name === 'cloudevents') {
    return [
      ['content-type', 'application/cloudevents+json'],
      ['authorization', `Bearer ${SECRETS.cloudevents}`],
    ];
  }
  const time = String(name === 'hubspot' ? Date.now() : Math.floor(Date.now() / 1_000));
  if (name === 'hubspot') {
    const start = `POST${url}/webhooks/acme/hubspot`;
    const signature = createHmac('sha256', SECRETS.hubspot).update(start).update(body).update(time).digest('base64');
    return [
      ['content-type', 'application/json'],
      ['x-hubspot-request-timestamp', time],
      ['x-hubspot-signature-v3', signature],
    ];
  }
  const id = `message-${(requests += 1)}`;
  const hmac = createHmac('sha256', 'hostile-signing-secret').update(`${id}.${time}.`).update(body);
  return [
    ['content-type', 'application/json'],
    ['webhook-id', id],
    ['webhook-timestamp', time],
    ['webhook-signature', `v1,${hmac.digest('base64')}`],
  ];
}

/**
 * Writes, and reads until the server hangs up. Empty: it did without an answer, as it does when `hangUp` ends our side
 * before the answer is there.
 */
export async function exchange(port: number, bytes: Uint8Array, { hangUp = false } = {}): Promise<Answer[]> {
  const received = await new Promise<Buffer>((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1');
    const timer = setTimeout(() => socket.destroy(new Error(`no end within ${BOUND_MS} ms`)), BOUND_MS);
    let failure: NodeJS.ErrnoException | undefined;
    socket.on('data', (chunk) => void chunks.push(chunk));
    socket.on('error', (error) => (failure = error));
    socket.on('close', () => {
      clearTimeout(timer);
      // Who is cut off in the middle of writing sees a reset: that is an end, too.
      if (failure && failure.code !== 'ECONNRESET' && failure.code !== 'EPIPE') reject(failure);
      else resolve(Buffer.concat(chunks));
    });
    if (hangUp) socket.end(bytes);
    else socket.write(bytes);
  });
  return readAnswers(received);
}

function expectWellFormed({ status, headers, body }: Answer): void {
  expect(status).toBeGreaterThanOrEqual(200);
  if (status < 400) return;
  expect(headers.get('content-type'), body).toBe('application/problem+json');
  const problem = JSON.parse(body) as { code: string; status: number };
  expect(Object.keys(MESH_ERRORS)).toContain(problem.code);
  expect(problem.code).not.toBe('MESH_INTERNAL');
  expect(problem.status).toBe(status);
  expect(body).not.toContain(MARKER);
  expect(body.length).toBeLessThan(2_000);
}

const PROTOTYPE_NAMES = Object.getOwnPropertyNames(Object.prototype).toSorted();

export interface HostileMesh {
  url: string;
  port: number;
  nats: Nats;
  lines: readonly string[];
  /** Sends bytes and holds what comes of them to the promises of the publisher. Undefined: it hung up. */
  judge(bytes: Uint8Array, options?: { hangUp: boolean }): Promise<Answer | undefined>;
  /** The same for a body that is signed as it should be. */
  judgeSigned(name: ConnectionName, body: Uint8Array | string): Promise<Answer | undefined>;
  stop(): Promise<void>;
}

export async function openHostileMesh(): Promise<HostileMesh> {
  const server = await startTestNats();
  const nats = await connectNats({ name: 'hostile-spec', url: server.url });
  const lease = await nats.acquireLease('normaliser', { holder: 'hostile-spec', signal: AbortSignal.timeout(60_000) });
  const lines: string[] = [];
  const log = createLogger({
    app: 'publisher',
    level: 'debug',
    destination: { write: (line) => void lines.push(line) },
  });
  const test = makeConfig({ connections: CONNECTIONS, http: { rateLimit: { perConnectionPerSecond: 100_000 } } });
  const publisher = await startPublisher({ config: test.config, nats: { url: server.url }, log });
  const { url } = publisher;
  const port = Number(new URL(url).port);
  const judge = createJudge({ port, nats, lines });
  return {
    ...{ url, port, nats, lines, judge },
    judgeSigned: (name, body) => {
      const content = Buffer.from(body);
      return judge(writeRequest({ path: `/webhooks/acme/${name}`, headers: sign(name, url, content), body: content }));
    },
    stop: async () => {
      await publisher.stop();
      await lease.release();
      await nats.close();
      await server.stop();
      test.remove();
    },
  };
}

function createJudge({ port, nats, lines }: Pick<HostileMesh, 'port' | 'nats' | 'lines'>): HostileMesh['judge'] {
  let sequence = 0;
  const expectStored = async (added: number): Promise<void> => {
    sequence += added;
    expect((await nats.streamState('CRM_RAW')).lastSequence).toBe(sequence);
  };
  return async (bytes, options) => {
    const firstLine = lines.length;
    const answers = await exchange(port, bytes, options);
    answers.forEach(expectWellFormed);
    const taken = answers.filter(({ status }) => status === 202).map(({ body }) => JSON.parse(body) as Reply);
    const added = taken.reduce((sum, { accepted, duplicates }) => sum + accepted - duplicates, 0);
    const health = exchange(port, writeRequest({ method: 'GET', path: '/healthz' }));
    await expectStored(added);
    expect((await health)[0]?.status).toBe(200);
    expect(Object.getOwnPropertyNames(Object.prototype).toSorted()).toEqual(PROTOTYPE_NAMES);
    expectDiscreet(lines.slice(firstLine));
    return answers[0];
  };
}

interface Reply {
  accepted: number;
  duplicates: number;
}

function expectDiscreet(lines: readonly string[]): void {
  for (const line of lines) {
    expect(line.length).toBeLessThan(MAX_LINE_CHARACTERS);
    for (const word of [MARKER, 'hostile-client', 'hostile-bearer', 'hostile-access', SECRETS.standard])
      expect(line).not.toContain(word);
  }
  // However many items a request has.
  expect(lines.filter((line) => /"msg":"(webhook|.*left out)"/.test(line)).length).toBeLessThan(5);
}
