import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { eventSubject } from '@crm-mesh/contract';
import { connectNats, ensureStreams, requestControl, type Nats } from '@crm-mesh/jetstream';
import { startHost } from '@crm-mesh/host/start';
import { buildTestEvent } from '@crm-mesh/sdk/testing';
import { createLogger } from '@crm-mesh/telemetry';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { ROOT } from '../house/repository.js';

const SET_UP_TIMEOUT_MS = 120_000;
const EXAMPLE = join(ROOT, 'examples/nest-app');
const TSC = join(ROOT, 'node_modules/.bin/tsc');

let server: TestNats;
let nats: Nats;
let folder: string;
let app: ResultPromise | undefined;

// As the README says, but for the folder.
beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'test', url: server.url });
  await ensureStreams(nats);
  // Inside the repository, so that packages are found as they are from examples/.
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  folder = mkdtempSync(join(ROOT, '.cache/nest-app-'));
  await execa(TSC, ['-p', EXAMPLE, '--outDir', folder], { cwd: EXAMPLE });
}, SET_UP_TIMEOUT_MS);
afterAll(async () => {
  app?.kill('SIGKILL');
  await app;
  await nats?.close();
  await server?.stop();
  rmSync(folder, { recursive: true });
});

const start = (): ResultPromise =>
  execa('node', ['main.js'], {
    cwd: folder,
    env: { NATS_URL: server.url, LOG_LEVEL: 'warn' },
    reject: false,
    stdio: ['ignore', 'ignore', 'inherit'],
  });

async function win(id: string, value: string | undefined): Promise<void> {
  const amount = value === undefined ? undefined : { value, currency: 'EUR' };
  const event = buildTestEvent('deal.won', { id, ownerId: 'o1', amount });
  const address = { tenant: event.tenant, connection: 'hubspot', entity: 'deal', action: 'won', id } as const;
  await nats.publish({ subject: eventSubject(address), payload: JSON.stringify(event), messageId: event.id });
}

const expectTotal = (total: number): Promise<unknown> =>
  vi.waitFor(
    async () => expect(await requestControl(nats, 'commissions', 'total', 'o1')).toEqual({ owner: 'o1', total }),
    { timeout: 20_000, interval: 50 },
  );

async function redrive(sequence: number): Promise<void> {
  const host = await startHost({
    env: { NATS_URL: server.url },
    cwd: folder,
    log: createLogger({ app: 'host', level: 'silent' }),
  });
  const request = { consumer: 'commissions', sequences: [sequence], by: 'spec' };
  const result = await requestControl(nats, 'host', 'redrive', request);
  expect(result).toEqual({ redriven: [sequence], missing: [] });
  await host.stop();
}

it('the example consumes, answers, buries, runs what is redriven, stops when it is told to, and goes on where it was', async () => {
  await win('1', '1000.00');
  app = start();
  await expectTotal(50);
  await win('2', undefined);
  await win('3', '200.00');
  await expectTotal(60);
  // Its lane and those of the others end in any order.
  const letter = await vi.waitFor(async () => {
    const buried = await nats.getLastMessage('CRM_DEAD', 'dead.commissions.>');
    expect(Buffer.from(buried?.data ?? []).toString()).toContain('"name":"PermanentError"');
    return buried;
  }, 20_000);
  await redrive(letter!.sequence);
  await vi.waitFor(async () => {
    const next = await nats.getLastMessage('CRM_DEAD', 'dead.commissions.>');
    expect(next?.sequence).toBe(letter!.sequence + 1);
  }, 20_000);

  app.kill('SIGTERM');
  expect((await app).signal).toBe('SIGTERM');
  await win('4', '20.00');
  app = start();
  await expectTotal(1);
});
