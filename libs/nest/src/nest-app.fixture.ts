import { afterAll, afterEach, beforeAll, beforeEach, vi } from 'vitest';
import { eventSubject } from '@crm-mesh/contract';
import type { DeadLetter } from '@crm-mesh/delivery';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { buildTestEvent } from '@crm-mesh/sdk/testing';
import { createLogger } from '@crm-mesh/telemetry';
import { startTestNats, type TestNats } from '@crm-mesh/testing';
import { Module, type INestApplicationContext, type Type } from '@nestjs/common';
import { createMeshApp } from './connect-mesh.js';
import type { MeshOptions } from './mesh-options.js';
import { MeshStrategy } from './mesh-strategy.js';

// For the specs of this folder: Nest applications on a server of the file's own.

export type Line = Record<string, unknown> & { msg: string };

export let server: TestNats;
export let nats: Nats;
export let lines: Line[];
let tests = 0;
const apps: INestApplicationContext[] = [];

export function useServer(): void {
  beforeAll(async () => {
    server = await startTestNats({ monitor: true });
    nats = await connectNats({ name: 'test', url: server.url });
    await ensureStreams(nats);
  });
  beforeEach(() => {
    lines = [];
    tests++;
  });
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });
  afterAll(async () => {
    await nats.close();
    await server.stop();
  });
}

/** Durables outlive a test, so each test has names of its own. */
export const named = (name: string): string => `${name}-${tests}`;

export function createStrategy(options: Partial<MeshOptions> = {}): MeshStrategy {
  const destination = { write: (line: string) => void lines.push(JSON.parse(line) as Line) };
  const log = createLogger({ app: 'test', level: 'info', destination });
  return new MeshStrategy({ app: 'billing', nats: { url: server.url }, store: 'sqlite::memory:', log, ...options });
}

/** Closed after the test. */
export function hold<App extends INestApplicationContext>(app: App): App {
  apps.push(app);
  return app;
}

export function moduleOf(...controllers: Type[]): Type {
  @Module({ controllers })
  class TestModule {}
  return TestModule;
}

export async function startApp(controllers: Type[], mesh = createStrategy()) {
  const app = hold(await createMeshApp(moduleOf(...controllers), mesh, { logger: false, abortOnError: false }));
  await app.listen();
  return app;
}

export async function tell(id: string, type: 'deal.won' | 'deal.updated' = 'deal.won', version = 1) {
  const tenant = `tenant-${tests}`;
  const event = buildTestEvent(type, { id }, { tenant, version });
  const [entity, action] = type.split('.') as ['deal', 'won'];
  const subject = eventSubject({ tenant, connection: 'hubspot', entity, action, id });
  await nats.publish({ subject, payload: JSON.stringify(event), messageId: event.id });
  return event;
}

export const until = (assertion: () => unknown): Promise<unknown> =>
  vi.waitFor(assertion, { timeout: 20_000, interval: 20 });

/** What became of a record's event, run by run. */
export const outcomesOf = (consumer: string, id: string): Line[] =>
  lines.filter(
    ({ msg, plugin, record }) => msg === 'outcome' && plugin === consumer && String(record).endsWith(`/${id}`),
  );

export async function readDeadLetters(consumer: string): Promise<DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for await (const { data } of nats.readStream('CRM_DEAD', { fromSequence: 1, filterSubject: `dead.${consumer}.>` })) {
    letters.push(JSON.parse(Buffer.from(data).toString()) as DeadLetter);
  }
  return letters;
}
