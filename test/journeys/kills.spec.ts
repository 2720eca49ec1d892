import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa, type ResultPromise } from 'execa';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectNats, type Nats } from '@crm-mesh/jetstream';
import { makeTempDir, startTestNats, type TempDir, type TestNats } from '@crm-mesh/testing';
import { describeMesh, describePlugin } from './test-mesh.js';

const ROOT = join(import.meta.dirname, '../..');
const BATCHES = 250;
const BATCH_SIZE = 20;
const ROUNDS = ['publisher', 'host', 'nats-server', 'publisher', 'host'] as const;

let server: TestNats;
let nats: Nats;
let folder: TempDir;
/** Of the publisher: free at its first start, the same ever after. */
let port = 0;
const apps = new Map<string, ResultPromise>();

/** The real process, as `mesh up` would run it; resolves when it says that it is ready. */
async function startApp(app: 'publisher' | 'host'): Promise<void> {
  const env = { NATS_URL: server.url, PORT: app === 'publisher' ? String(port) : '0', LOG_LEVEL: 'info' };
  const started = execa('node', [join(ROOT, 'apps', app, 'dist/main.js')], {
    cwd: folder.path,
    env,
    reject: false,
    stderr: 'inherit',
    buffer: false,
  });
  apps.set(app, started);
  const url = await new Promise<string>((resolve, reject) => {
    started.stdout.on('data', (data) => {
      const ready = /"url":"([^"]+)".*"msg":"ready"/.exec(String(data));
      if (ready) resolve(ready[1]!);
    });
    started.once('exit', (code) => reject(new Error(`${app} ended with ${code} before it was ready`)));
  });
  if (app === 'publisher') port = Number(new URL(url).port);
}

async function killApp(app: 'publisher' | 'host'): Promise<void> {
  const running = apps.get(app)!;
  running.kill('SIGKILL');
  await running;
}

beforeAll(async () => {
  server = await startTestNats();
  folder = makeTempDir('kills');
  mkdirSync(join(folder.path, 'plugins'));
  writeFileSync(join(folder.path, 'mesh.yaml'), JSON.stringify(describeMesh()));
  writeFileSync(join(folder.path, 'plugins/effects.plugin.ts'), describePlugin(folder.path, 'effects'));
  await startApp('publisher');
  await startApp('host');
  nats = await connectNats({ name: 'kills', url: server.url });
});
afterAll(async () => {
  for (const app of apps.values()) app.kill('SIGKILL');
  await Promise.all(apps.values());
  await nats?.close();
  await server?.stop();
  folder?.remove();
});

/** Sends a batch once; true when it was answered 2xx. */
async function sendBatch(ids: string[]): Promise<boolean> {
  const batch = ids.map((id) => ({
    specversion: '1.0',
    id,
    source: '/shop',
    type: 'order.created',
    time: '2026-03-01T00:00:00Z',
    data: { id, number: id },
  }));
  const headers = { 'content-type': 'application/cloudevents-batch+json', authorization: 'Bearer a-bearer-token' };
  const signal = AbortSignal.timeout(10_000);
  const request = { method: 'POST', headers, body: JSON.stringify(batch), signal };
  const response = await fetch(`http://127.0.0.1:${port}/webhooks/acme/shop`, request).catch(() => undefined);
  return response?.ok === true;
}

/** Sends all batches, four at a time; what is not answered 2xx is sent again, as every CRM does. */
async function sendAll(): Promise<void> {
  const batches = Array.from({ length: BATCHES }, (_, b) =>
    Array.from({ length: BATCH_SIZE }, (__, i) => `O-${b}-${i}`),
  );
  const sender = async () => {
    for (let batch = batches.shift(); batch; batch = batches.shift()) {
      while (!(await sendBatch(batch))) await new Promise((resolve) => setTimeout(resolve, 100));
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
  };
  await Promise.all([sender(), sender(), sender(), sender()]);
}

async function killInTurn(): Promise<void> {
  for (const victim of ROUNDS) {
    await new Promise((resolve) => setTimeout(resolve, 400 + Math.random() * 600));
    if (victim === 'nats-server') {
      await server.kill();
      await server.restart();
    } else {
      await killApp(victim);
      await startApp(victim);
    }
  }
}

describe('kill -9 in the middle of a burst', () => {
  it('of publisher, host or nats-server loses nothing that was answered 2xx', { timeout: 180_000 }, async () => {
    await Promise.all([sendAll(), killInTurn()]);
    const total = BATCHES * BATCH_SIZE;
    const effects = () => {
      const file = join(folder.path, 'effects.effects');
      return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    };
    await vi.waitFor(() => expect(new Set(effects()).size).toBe(total), { timeout: 90_000, interval: 200 });
    // One version each: what was told twice by the retries above is one event, and each record is created once.
    expect(new Set(effects().map((line) => line.split(' ').slice(1).join(' ')))).toEqual(
      new Set(['1 crm.order.created']),
    );
    const { lastSequence, messages } = await nats.streamState('CRM_EVENTS');
    expect({ lastSequence, messages }).toEqual({ lastSequence: total, messages: total });
    expect((await nats.streamState('CRM_DEAD')).messages).toBe(0);
  });
});
