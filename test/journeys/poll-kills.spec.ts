import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MeshEvent } from '@crm-mesh/contract';
import { connectNats, requestControl, type Nats } from '@crm-mesh/jetstream';
import { startSandbox, UI_ACTOR, type RunningSandbox } from '@crm-mesh/sandbox/start';
import { createLogger } from '@crm-mesh/telemetry';
import { makeTempDir, startTestNats, type TempDir, type TestNats } from '@crm-mesh/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { MeshProcesses } from './mesh-processes.js';

const RECORDS = 1_500;
/** HubSpot's own. */
const PAGE = 200;
const PAGES = Math.ceil(RECORDS / PAGE);
/** At this search the publisher dies, counted over all its lives. */
const KILLS: readonly number[] = [3, 8];
const WAIT = { timeout: 120_000, interval: 100 };
const MINUTE_MS = 60_000;

let server: TestNats;
let nats: Nats;
let folder: TempDir;
let sandbox: RunningSandbox;
let mesh: MeshProcesses;
let wire: Server;
/** Behind which id each search asked, life by life. */
const searched: string[][] = [[]];

beforeAll(async () => {
  server = await startTestNats();
  folder = makeTempDir('poll-kills');
  const log = createLogger({ app: 'sandbox', level: 'silent' });
  const rateLimits = { maxPerInterval: 100_000, searchPerSecond: 100_000 };
  // Search is not asked for what is younger than some seconds.
  sandbox = await startSandbox({ log, rateLimits, now: () => Date.now() - MINUTE_MS });
  for (let n = 0; n < RECORDS; n += 1)
    sandbox.crm.create('contacts', { lastname: `No ${n}`, email: `no.${n}@example.org` }, { actor: UI_ACTOR });
  wire = createServer((request, response) => void relay(request, response));
  await new Promise<void>((resolve) => wire.listen(0, '127.0.0.1', resolve));
  mesh = new MeshProcesses({ folder: folder.path, natsUrl: () => server.url });
  mesh.writeFiles(describeMesh(`http://127.0.0.1:${(wire.address() as AddressInfo).port}`), {});
  await mesh.start('publisher');
  nats = await connectNats({ name: 'poll-kills', url: server.url });
}, 60_000);
afterAll(async () => {
  await mesh?.killAll();
  wire?.closeAllConnections();
  wire?.close();
  await sandbox?.stop();
  await nats?.close();
  await server?.stop();
  folder?.remove();
});

function describeMesh(apiUrl: string): object {
  const rateLimit = { requests: 10_000, searchesPerSecond: 1_000 };
  const config = {
    clientSecrets: ['none'],
    accessToken: sandbox.accessToken,
    apiUrl,
    entities: ['contact'],
    rateLimit,
  };
  const poll = { every: '10m', jitter: '0s', lookBack: '30m' };
  return { connections: [{ tenant: 'acme', name: 'hubspot', source: 'hubspot', config, poll }] };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const part of request) body += String(part);
  return body;
}

/** Between the publisher and HubSpot: it sees each search, and at some of them the publisher dies. */
async function relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/' } = request;
  const { authorization = '' } = request.headers;
  const body = await readBody(request);
  if (url.endsWith('/search') && KILLS.includes(noteSearch(body))) {
    await mesh.kill('publisher');
    searched.push([]);
    await mesh.start('publisher');
    return;
  }
  const headers = { authorization, 'content-type': 'application/json' };
  const answer = await fetch(sandbox.url + url, { method, headers, ...(body && { body }) });
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
}

/** Resolves to how many there were. */
function noteSearch(body: string): number {
  const { filterGroups } = JSON.parse(body) as { filterGroups: { filters: { operator: string; value: string }[] }[] };
  searched.at(-1)!.push(filterGroups[0]!.filters.find(({ operator }) => operator === 'GT')!.value);
  return searched.flat().length;
}

interface SourceState {
  polls: { coveredTo?: string }[];
}

async function untilOver(): Promise<void> {
  await vi.waitFor(async () => {
    expect(searched).toHaveLength(KILLS.length + 1);
    const [source] = await requestControl<SourceState[]>(nats, 'publisher', 'sources');
    expect(source).toMatchObject({ leads: true, polls: [{ coveredTo: expect.any(String) }] });
    const durable = await nats.durableState('CRM_RAW', 'normaliser');
    const { lastSequence } = await nats.streamState('CRM_RAW');
    expect([durable?.pending, durable?.ackPending, durable?.ackFloorSequence]).toEqual([0, 0, lastSequence]);
  }, WAIT);
}

it('kill -9 of the publisher in the middle of a poll loses nothing, doubles nothing, and goes on at the cursor', async () => {
  await untilOver();
  const versions = new Map<string, number[]>();
  for await (const { data } of nats.readStream('CRM_EVENTS', { fromSequence: 1 })) {
    const event = JSON.parse(Buffer.from(data).toString()) as MeshEvent;
    versions.set(event.data.id, [...(versions.get(event.data.id) ?? []), event.recordversion]);
  }
  expect([...versions.keys()].toSorted()).toEqual(
    sandbox.crm
      .list('contacts')
      .map(({ id }) => id)
      .toSorted(),
  );
  expect([...versions.values()].filter((told) => told.join() !== '1')).toEqual([]);
  const [first, ...later] = searched;
  expect(first![0]).toBe('0');
  for (const life of later) expect(Number(life[0])).toBeGreaterThan(0);
  // The page whose cursor was not saved, and the one that was asked for ahead.
  expect(searched.flat().length).toBeLessThanOrEqual(PAGES + 2 * KILLS.length);
}, 180_000);
