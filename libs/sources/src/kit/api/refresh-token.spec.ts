import { Unavailable, type ApiDescription } from '@crm-mesh/sdk';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startApiServer, type ApiServer } from '../../../test/api-server.js';
import { createLog } from '../../../test/context.js';
import { connectApi } from './connect-api.js';
import type { RefreshTokenStore } from './newest-refresh-token.js';

const TOKEN = 'POST /oauth/token';
const DEALS = 'GET /deals';

let server: ApiServer;
/** The refresh token that the CRM takes now: each use ends it. */
let present: string;
let uses: number;
let clock: { nowMs: number };
beforeEach(async () => {
  server = await startApiServer();
  [present, uses, clock] = ['refresh-0', 0, { nowMs: Date.parse('2026-03-24T12:00:00Z') }];
  server.routes[TOKEN] = ({ refresh_token: shown }: { refresh_token: string }) => {
    if (shown !== present) return { status: 400, body: { error: 'invalid_grant' } };
    present = `refresh-${(uses += 1)}`;
    return { body: { access_token: `token-${uses}`, refresh_token: present, expires_in: 1_800 } };
  };
  server.routes[DEALS] = () => ({});
});
afterEach(() => server.close());

/** As a database does, or does not. */
class Rows implements RefreshTokenStore {
  readonly byConfigured = new Map<string, string>();
  isAway = false;

  read(configured: string): Promise<string | undefined> {
    return this.isAway ? this.fail() : Promise.resolve(this.byConfigured.get(configured));
  }

  async save(configured: string, newest: string): Promise<void> {
    if (this.isAway) await this.fail();
    this.byConfigured.set(configured, newest);
  }

  private fail(): Promise<never> {
    return Promise.reject(new Error('the database is away'));
  }
}

/** One process; `configured` is what mesh.yaml has. */
function start(rows: RefreshTokenStore, configured = 'refresh-0') {
  const description: ApiDescription = {
    title: 'Ledgerly',
    baseUrl: server.url,
    auth: {
      kind: 'oauth2',
      tokenUrl: `${server.url}/oauth/token`,
      clientId: 'app',
      grant: { type: 'refresh_token', refreshToken: configured },
    },
    limits: { requests: 1_000, intervalMs: 1_000, concurrent: 50 },
  };
  const log = createLog();
  const api = connectApi(description, { now: () => clock.nowMs, log, refreshTokens: rows }).client('live');
  return { ask: () => api.request({ path: '/deals' }), log };
}

const pass = (ms: number): void => void (clock.nowMs += ms);
const shown = () =>
  server.calls.filter(({ route }) => route === TOKEN).map(({ body }) => (body as Record<string, string>).refresh_token);

describe('a refresh token that the CRM replaces', () => {
  it('is used after a restart', async () => {
    const rows = new Rows();
    await start(rows).ask();
    await start(rows).ask();
    await start(rows).ask();
    expect(shown()).toEqual(['refresh-0', 'refresh-1', 'refresh-2']);
  });

  it('gives way to a token that was configured since, and is there again when that is undone', async () => {
    const rows = new Rows();
    await start(rows).ask();
    present = 'anew-0';
    await start(rows, 'anew-0').ask();
    expect(shown()).toEqual(['refresh-0', 'anew-0']);
    present = 'refresh-1';
    await start(rows).ask();
    expect(shown().at(-1)).toBe('refresh-1');
  });

  it('is taken over from another process, before and after the own one is refused', async () => {
    const rows = new Rows();
    const [first, second] = [start(rows), start(rows)];
    await first.ask();
    await second.ask();
    pass(1_800_000);
    await first.ask();
    expect(shown()).toEqual(['refresh-0', 'refresh-1', 'refresh-2']);
    // The other one was quicker, and its row is there only when the CRM has refused ours.
    rows.byConfigured.set('refresh-0', 'refresh-2');
    pass(1_800_000);
    const read = rows.read.bind(rows);
    let reads = 0;
    rows.read = (configured) => {
      if ((reads += 1) === 2) rows.byConfigured.set('refresh-0', present);
      return read(configured);
    };
    await second.ask();
    expect(shown().slice(3)).toEqual(['refresh-2', 'refresh-3']);
  });

  it('is refused for good where no store knows a newer one', async () => {
    const rows = new Rows();
    await start(rows).ask();
    present = 'another';
    const { ask } = start(rows);
    await expect(ask()).rejects.toThrow(/Authorise the app/);
    // The configured one was used up long ago: some CRMs end all tokens when one comes a second time.
    expect(shown()).toEqual(['refresh-0', 'refresh-1']);
  });

  it('is kept as soon as the store is back, and used meanwhile', async () => {
    const rows = new Rows();
    const { ask, log } = start(rows);
    await ask();
    rows.isAway = true;
    pass(1_800_000);
    await ask();
    expect([log.lines.length, rows.byConfigured.get('refresh-0')]).toEqual([1, 'refresh-1']);
    await ask();
    expect(log.lines).toHaveLength(1);
    pass(1_800_000);
    await ask();
    rows.isAway = false;
    pass(5_000);
    await ask();
    expect(rows.byConfigured.get('refresh-0')).toBe('refresh-3');
    expect(shown()).toEqual(['refresh-0', 'refresh-1', 'refresh-2']);
    expect(JSON.stringify(log.lines)).not.toContain('refresh-');
  });

  it('is not guessed while the store cannot say it', async () => {
    const rows = new Rows();
    await start(rows).ask();
    rows.isAway = true;
    await expect(start(rows).ask()).rejects.toBeInstanceOf(Unavailable);
    expect(shown()).toEqual(['refresh-0']);
  });

  it('costs no row where it stays the same', async () => {
    const rows = new Rows();
    server.routes[TOKEN] = () => ({ body: { access_token: 'a', refresh_token: 'refresh-0', expires_in: 1_800 } });
    await start(rows).ask();
    server.routes[TOKEN] = () => ({ body: { access_token: 'a', expires_in: 1_800 } });
    await start(rows).ask();
    expect(rows.byConfigured.size).toBe(0);
  });
});
