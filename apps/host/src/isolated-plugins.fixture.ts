import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { eventSubject, type MeshEvent } from '@crm-mesh/contract';
import type { PluginStatus } from '@crm-mesh/control';
import type { DeadLetter } from '@crm-mesh/delivery';
import { connectNats, ensureStreams, requestControl, type Nats } from '@crm-mesh/jetstream';
import { askConsumer, type AskConsumer } from '@crm-mesh/reconciliation';
import { buildTestEvent } from '@crm-mesh/sdk/testing';
import { createLogger } from '@crm-mesh/telemetry';
import { makeTempDir, startTestNats, type TempDir, type TestNats } from '@crm-mesh/testing';
import { startHost, type RunningHost } from './start-host.js';

// For the specs of this folder: a host with plugins that say what they do in a file.

/** `ms` since the epoch, plugin's label, record, version of the record. */
export interface Said {
  ms: number;
  label: string;
  id: string;
  version: number;
}

export type Line = Record<string, unknown> & { msg: string };

let server: TestNats;
let nats: Nats;
let temp: TempDir;
let host: RunningHost;
let lines: Line[];
let versions: Map<string, number>;
let tests = 0;

export function useHost() {
  beforeAll(async () => {
    server = await startTestNats();
    nats = await connectNats({ name: 'test', url: server.url });
    await ensureStreams(nats);
  });
  afterAll(async () => {
    await nats.close();
    await server.stop();
  });
  beforeEach(() => {
    temp = makeTempDir('isolated');
    mkdirSync(join(temp.path, 'plugins'));
    writeFileSync(join(temp.path, 'mesh.yaml'), '');
    lines = [];
    versions = new Map();
    tests++;
  });
  afterEach(async () => {
    await host.stop({ graceMs: 2_000 });
    temp.remove();
  });
}

export async function start(): Promise<RunningHost> {
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };
  const log = createLogger({ app: 'host', level: 'info', destination });
  host = await startHost({ env: { NATS_URL: server.url }, cwd: temp.path, log });
  return host;
}

/** Durables outlive a test, so each test has names of its own. */
export const named = (name: string): string => `${name}-${tests}`;
export const path = (name: string): string => join(temp.path, name);
export const statusOf = (name: string): PluginStatus | undefined => host.plugins().find((each) => each.name === name);
export const linesOf = (msg: string, fields: object = {}): Line[] =>
  lines.filter((line) => line.msg === msg && Object.entries(fields).every(([key, value]) => line[key] === value));

export interface PluginText {
  /** In front of what it says when it has done an event. Default: its name. */
  label?: string;
  /** Of `definePlugin`. */
  more?: string;
  /** Runs before an event counts as done; knows `event`, `id` and `isFirst(what)`, which is true once in the life of the test. */
  body?: string;
  top?: string;
}

export function textOf(name: string, { label = name, more = '', body = '', top = '' }: PluginText = {}): string {
  return `
    import { appendFileSync, openSync } from 'node:fs';
    import { definePlugin } from '@crm-mesh/sdk';
    const isFirst = (what: string) => { try { openSync(${JSON.stringify(path(''))} + what, 'wx'); return true; } catch { return false; } };
    void isFirst;
    ${top}
    export default definePlugin({ name: '${name}', events: ['deal.*'], ${more}
      async handle(event, { signal, log }) {
        const id = event.data.id;
        void [signal, log];
        ${body}
        appendFileSync(${JSON.stringify(path('said'))}, [Date.now(), '${label}', id, event.recordversion].join(' ') + '\\n');
      } });
  `;
}

export function write(name: string, text?: PluginText): void {
  writeFileSync(path(`plugins/${name}.plugin.ts`), textOf(name, text));
}

export function readSaid(label?: string): Said[] {
  if (!existsSync(path('said'))) return [];
  const said = readFileSync(path('said'), 'utf8').trim().split('\n').map(parseSaid);
  return said.filter((each) => label === undefined || each.label === label);
}

function parseSaid(line: string): Said {
  const [ms, label = '', id = '', version] = line.split(' ');
  return { ms: Number(ms), label, id, version: Number(version) };
}

/** `shape`: what goes to the stream in place of the event of today. */
export async function tell(id: string, shape: (event: MeshEvent) => object = (event) => event): Promise<number> {
  const tenant = `tenant-${tests}`;
  const version = (versions.get(id) ?? 0) + 1;
  versions.set(id, version);
  const event = buildTestEvent('deal.updated', { id }, { tenant, version });
  const subject = eventSubject({ tenant, connection: 'hubspot', entity: 'deal', action: 'updated', id });
  await nats.publish({ subject, payload: JSON.stringify(shape(event)), messageId: event.id });
  return Date.now();
}

export const until = (assertion: () => unknown, timeout = 60_000): Promise<unknown> =>
  vi.waitFor(assertion, { timeout, interval: 20 });

/** As a reconciliation asks a plugin. */
export const askConsumerOf = (name: string): AskConsumer => askConsumer(nats, name);

/** What `nats service info` shows of one. */
export async function readService(name: string): Promise<{ endpoints: object[]; metadata: object }> {
  return JSON.parse(Buffer.from(await nats.request(`$SRV.INFO.${name}`, '')).toString()) as never;
}

export async function readDeadLetters(consumer: string): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const { data } of nats.readStream('CRM_DEAD', { fromSequence: 1, filterSubject: `dead.${consumer}.>` })) {
    letters.push(JSON.parse(Buffer.from(data).toString()) as DeadLetter);
  }
  return letters;
}

export async function isSettled(name: string): Promise<boolean> {
  const state = await nats.durableState('CRM_EVENTS', name);
  return state !== undefined && state.pending + state.ackPending === 0;
}

/** Of the control plane. */
export const askHost = <Answer>(verb: string, payload: object): Promise<Answer> =>
  requestControl<Answer>(nats, 'host', verb, payload);
