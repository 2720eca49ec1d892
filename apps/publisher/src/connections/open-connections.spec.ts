import { defineSource, URGENCIES, type Source, type SourceContext } from '@crm-mesh/sdk';
import { createLogger } from '@crm-mesh/telemetry';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openConnections } from './open-connections.js';

let server: Server;
let asked = 0;
beforeEach(async () => {
  asked = 0;
  server = createServer((_request, response) => {
    asked += 1;
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

class Config {}

async function open(part: Partial<Source<Config>> = {}) {
  const source = defineSource<Config>({
    name: 'fixture',
    config: Config,
    map: () => ({ state: 'deleted' }),
    ...part,
  });
  const { all } = await openConnections({
    configured: [{ tenant: 'acme', name: 'crm', source: 'fixture', config: {} }],
    sources: [source as Source],
    cacheFolder: '',
    publicUrl: () => 'https://mesh.example',
    log: createLogger({ app: 'publisher', level: 'silent' }),
    now: Date.now,
  });
  return all[0]!;
}

const describeApi: Source['api'] = () => ({
  title: 'Fixture',
  baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  auth: { kind: 'none' },
  limits: { requests: 2, intervalMs: 60_000, concurrent: 2 },
});

describe('the contexts of a connection', () => {
  it('share its configuration and its address, whatever their urgency', async () => {
    const connection = await open({ api: describeApi });
    const contexts = URGENCIES.map((urgency): SourceContext => connection.contextFor(urgency));
    expect(contexts.map(({ urgency }) => urgency)).toEqual(URGENCIES);
    expect(new Set(contexts.map(({ config }) => config)).size).toBe(1);
    expect(contexts.map(({ publicUrl }) => publicUrl)).toEqual(
      Array.from({ length: 3 }, () => 'https://mesh.example/webhooks/acme/crm'),
    );
    expect(connection.context).toBe(connection.contextFor('live'));
  });

  it('share one rate limit', async () => {
    const { contextFor, api } = await open({ api: describeApi });
    await contextFor('backfill').api.request({ path: '/' });
    await contextFor('live').api.request({ path: '/' });
    const waiting = contextFor('live')
      .api.request({ path: '/' })
      .catch((error: unknown) => error);
    expect(api!.readState()).toMatchObject({ requests: 2, waiting: { live: 1 } });
    api!.close();
    expect(String(await waiting)).toContain('being closed');
    expect(asked).toBe(2);
  });

  it('have an API that refuses everything where the source describes none', async () => {
    const connection = await open();
    expect(connection.api).toBeUndefined();
    await expect(connection.context.api.request({ path: '/x' })).rejects.toThrow('describes no API');
  });
});
