import { join } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '@crm-mesh/config';
import { connectNats, type Nats } from '@crm-mesh/jetstream';
import { startPublisher, type RunningPublisher } from '@crm-mesh/publisher/start';
import { defineSource, type NotificationDraft, type ScanRequest } from '@crm-mesh/sdk';
import { createLogger } from '@crm-mesh/telemetry';
import { makeTempDir, startTestNats, type TestNats } from '@crm-mesh/testing';

const MESH = join(import.meta.dirname, '../../apps/cli/bin/mesh.js');
const RECORDS = 40;
const PAGE = 4;
const WAIT = { timeout: 20_000, interval: 20 };

class NoConfig {}

/** Resolves before each page of the CRM. */
let beforePage = (_request: ScanRequest): Promise<void> => Promise.resolve();

function draftOf(at: number): NotificationDraft {
  const id = String(1_000 + at);
  const modifiedAt = '2026-01-01T00:00:00.000Z';
  return { entity: 'company', id, change: 'unknown', dedupeKey: `${id}@1`, modifiedAt, payload: { name: `No ${id}` } };
}

const source = defineSource<object>({
  name: 'ledger-of-old',
  config: NoConfig,
  map: ({ notification }) => ({
    state: 'present',
    record: { id: notification.id, name: (notification.payload as { name: string }).name },
  }),
  scan: {
    entities: () => ['company'],
    page: async (request) => {
      await beforePage(request);
      const from = Number(request.cursor ?? 0);
      const drafts = Array.from({ length: PAGE }, (_, index) => draftOf(from + index));
      return { drafts, total: RECORDS, ...(from + PAGE < RECORDS ? { cursor: String(from + PAGE) } : {}) };
    },
  },
});

const folder = makeTempDir('backfill');
let server: TestNats;
let nats: Nats;
let publisher: RunningPublisher;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'backfill-journey', url: server.url });
  const config = loadConfig({ env: {}, cwd: folder.path });
  const connections = [{ tenant: 'acme', name: 'old', source: 'ledger-of-old', config: {} }];
  const log = createLogger({ app: 'journey', level: 'silent' });
  publisher = await startPublisher({
    ...{ config: { ...config, connections }, nats: { url: server.url }, log, sources: [source] },
  });
});
afterAll(async () => {
  await publisher.stop();
  await nats.close();
  await server.stop();
  folder.remove();
});

function startCommand(...args: string[]): ResultPromise {
  return execa(process.execPath, [MESH, '--server', server.url, ...args], {
    ...{ cwd: folder.path, reject: false },
    // CI=true asks for colours.
    env: { NO_COLOR: '1' },
  });
}

async function untilSaid(command: ResultPromise, text: string): Promise<void> {
  let said = '';
  command.stderr!.on('data', (data: Buffer) => (said += data.toString()));
  await vi.waitFor(() => expect(said).toContain(text), WAIT);
}

async function runMesh(...args: string[]) {
  const { exitCode, stdout } = await startCommand('--json', ...args);
  return { exitCode, answer: JSON.parse(String(stdout)) as Record<string, unknown> };
}

describe('mesh source backfill', () => {
  it('goes on though the command is killed, and is followed again by the same command', async () => {
    const opened = { go: (): void => undefined };
    const gate = new Promise<void>((resolve) => (opened.go = resolve));
    let asked = 0;
    beforePage = () => ((asked += 1) > 3 ? gate : Promise.resolve());
    const first = startCommand('source', 'backfill', 'acme/old', '--as', 'ann');
    await untilSaid(first, 'company 12 of 40');
    first.kill('SIGKILL');
    await first;
    const { answer: sources } = await runMesh('source', 'status');
    expect(sources).toMatchObject([
      {
        ...{ tenant: 'acme', name: 'old', leads: true, listens: {} },
        backfill: { by: 'ann', entities: [{ entity: 'company', records: 12, total: RECORDS }] },
      },
    ]);
    const second = startCommand('source', 'backfill', 'acme/old', '--entity', 'company');
    await untilSaid(second, 'company 12 of 40');
    opened.go();
    const { exitCode, stdout } = await second;
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('company 40')]);
    await vi.waitFor(async () => expect((await nats.streamState('CRM_EVENTS')).messages).toBe(RECORDS), WAIT);
  }, 60_000);

  it('once more makes no event of what is known', async () => {
    beforePage = () => Promise.resolve();
    expect(await runMesh('source', 'backfill', 'acme/old')).toMatchObject({ exitCode: 0 });
    await vi.waitFor(async () => {
      const durable = await nats.durableState('CRM_RAW', 'normaliser');
      expect([durable?.pending, durable?.ackPending]).toEqual([0, 0]);
    }, WAIT);
    expect((await nats.streamState('CRM_EVENTS')).messages).toBe(RECORDS);
  });

  it.each([
    [['source', 'backfill', 'acme/new'], 1, 'MESH_CONNECTION_UNKNOWN'],
    [['source', 'backfill', 'acme'], 2, 'MESH_USAGE'],
    [['source', 'backfill', 'acme/old', '--entity', 'note'], 1, 'MESH_CONTROL_INVALID'],
  ])('refuses %j', async (args, exitCode, code) => {
    expect(await runMesh(...args)).toMatchObject({ exitCode, answer: { error: { code } } });
  });

  it('says so where there is nothing to cancel', async () => {
    const { exitCode, stdout } = await startCommand('source', 'backfill', 'acme/old', '--cancel');
    expect([exitCode, stdout]).toEqual([1, 'No backfill of acme/old runs.']);
  });

  it('shows people the same', async () => {
    const { exitCode, stdout } = await startCommand('source', 'status');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/acme\/old +backfill +over +company 40;/);
  });
});
