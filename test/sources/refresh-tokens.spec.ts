import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startSandbox, type RunningSandbox } from '@crm-mesh/sandbox/start';
import { openStore, type Store } from '@crm-mesh/store';
import { createLogger } from '@crm-mesh/telemetry';
import { makeTempDir, type TempDir } from '@crm-mesh/testing';
import { REFRESH_TOKEN_MIGRATIONS } from '../../apps/publisher/src/connections/migrations.js';
import { openConnections } from '../../apps/publisher/src/connections/open-connections.js';
import { pipedriveSource, salesforceSource } from '../../libs/sources/src/index.js';

const START_MS = Date.parse('2026-03-24T16:00:00Z');
const TOKENS_END_MS = 7_200_001;

let sandbox: RunningSandbox;
let folder: TempDir;
let clock: { nowMs: number };
const stores: Store[] = [];
beforeEach(async () => {
  folder = makeTempDir('refresh-tokens');
  clock = { nowMs: START_MS };
  sandbox = await startSandbox({
    log: createLogger({ app: 'sandbox', level: 'silent' }),
    now: () => clock.nowMs,
    pipedrive: { rotatesRefreshTokens: true },
    salesforce: { rotatesRefreshTokens: true },
  });
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  await sandbox.stop();
  folder.remove();
});

const crms = {
  pipedrive: {
    source: pipedriveSource,
    path: '/api/v2/deals',
    configure: (refreshToken: string) => ({
      webhookUser: 'u',
      webhookPasswords: ['p'],
      apiUrl: sandbox.url,
      oauth: {
        clientId: 'sandbox-client-id',
        clientSecret: 'sandbox-client-secret',
        refreshToken,
        tokenUrl: `${sandbox.url}/oauth/token`,
      },
    }),
    configured: () => 'sandbox-refresh-token',
  },
  salesforce: {
    source: salesforceSource,
    path: '/services/data/v66.0/limits',
    configure: (refreshToken: string) => {
      const { url: loginUrl, clientId, clientSecret, organizationId } = sandbox.salesforce!;
      const auth = { grant: 'refresh_token', loginUrl, clientId, clientSecret, refreshToken };
      return { organizationId, auth };
    },
    configured: () => sandbox.salesforce!.refreshToken,
  },
};

/** As a publisher opens its connections, on its store. Returns how one of its requests goes. */
async function startPublisher(kind: keyof typeof crms, part: { configured?: string; lines?: string[] } = {}) {
  const { source, configure, configured, path } = crms[kind];
  const store = await openStore({
    url: `sqlite:${join(folder.path, 'publisher.db')}`,
    migrations: REFRESH_TOKEN_MIGRATIONS,
  });
  stores.push(store);
  const lines = part.lines ?? [];
  const { all } = await openConnections({
    configured: [{ tenant: 'acme', name: kind, source: kind, config: configure(part.configured ?? configured()) }],
    sources: [source as never],
    cacheFolder: '',
    publicUrl: () => '',
    log: createLogger({ app: 'publisher', destination: { write: (line: string) => void lines.push(line) } }),
    now: () => clock.nowMs,
    store,
  });
  return { ask: async () => (await all[0]!.api!.client('live').request({ path })).status, store };
}

describe.each(['pipedrive', 'salesforce'] as const)('%s’s refresh token, where each use ends it', (kind) => {
  it('outlives restarts, and stands in no log', async () => {
    const lines: string[] = [];
    for (let start = 0; start < 3; start++) {
      const { ask } = await startPublisher(kind, { lines });
      expect(await ask()).toBe(200);
      clock.nowMs += TOKENS_END_MS;
      expect(await ask()).toBe(200);
    }
    expect(lines.join('')).not.toContain(crms[kind].configured());
  });

  it('goes from one publisher to the other and back', async () => {
    const [first, second] = [await startPublisher(kind), await startPublisher(kind)];
    for (let time = 0; time < 3; time++) {
      expect([await first.ask(), await second.ask()]).toEqual([200, 200]);
      clock.nowMs += TOKENS_END_MS;
    }
  });

  it('that nobody was given comes to an error that says what to do', async () => {
    const { ask, store } = await startPublisher(kind);
    await ask();
    await store.write((tx) => tx.run('DELETE FROM publisher_refresh_tokens'));
    const { ask: askAfter } = await startPublisher(kind);
    await expect(askAfter()).rejects.toThrow(/Authorise the app in the CRM anew/);
    const { ask: askElse } = await startPublisher(kind, { configured: randomUUID() });
    await expect(askElse()).rejects.toThrow(/Authorise the app in the CRM anew/);
  });
});
