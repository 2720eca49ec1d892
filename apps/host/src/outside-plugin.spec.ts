import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventSubject } from '@crm-mesh/contract';
import { connectNats, ensureStreams, type Nats } from '@crm-mesh/jetstream';
import { buildTestEvent } from '@crm-mesh/sdk/testing';
import { createLogger } from '@crm-mesh/telemetry';
import { makeTempDir, startTestNats, type TestNats } from '@crm-mesh/testing';
import { startHost, type RunningHost } from './start-host.js';

const EXAMPLE = join(import.meta.dirname, '../../../examples/outside-plugin');
const temp = makeTempDir('outside');
let server: TestNats;
let nats: Nats;
let host: RunningHost | undefined;

beforeAll(async () => {
  server = await startTestNats();
  nats = await connectNats({ name: 'test', url: server.url });
  await ensureStreams(nats);
});
afterAll(async () => {
  await host?.stop();
  await nats.close();
  await server.stop();
  temp.remove();
});

it('runs the example from a folder outside the repository', async () => {
  cpSync(EXAMPLE, join(temp.path, 'elsewhere/outside-plugin'), { recursive: true });
  const file = join(temp.path, 'won.csv');
  writeFileSync(
    join(temp.path, 'mesh.yaml'),
    `pluginFolders: [elsewhere/outside-plugin]\nplugins: { outside-plugin: { file: ${file}, atLeast: 100 } }\n`,
  );
  host = await startHost({
    env: { NATS_URL: server.url },
    cwd: temp.path,
    log: createLogger({ app: 'host', level: 'silent' }),
  });
  expect(host.plugins()).toMatchObject([{ name: 'outside-plugin', state: 'running', events: ['deal.won'] }]);

  const event = buildTestEvent('deal.won', { id: '7', name: 'Big one' });
  const subject = eventSubject({ tenant: 'acme', connection: 'hubspot', entity: 'deal', action: 'won', id: '7' });
  await nats.publish({ subject, payload: JSON.stringify(event), messageId: event.id });
  const read = () => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  };
  await expect.poll(read, { timeout: 10_000 }).toContain('"7","1","Big one","1200.00","EUR"');
});
