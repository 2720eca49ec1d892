import { defineSource, type Source } from '@crm-mesh/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { makeConfig, quietLog } from '../publisher.fixture.js';
import { startPublisher, type RunningPublisher } from '../start-publisher.js';
import { createAccess, type Shown } from './access.js';

const SECRET = 'k7Qm2-vX9_zR4tY8wB3nP6';

describe('what a request must show', () => {
  const basic = { user: 'crm', password: 'pass:word' };
  const authorize = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;
  it.each<[string, Parameters<typeof createAccess>[0], Partial<Shown>, string]>([
    ['nothing', {}, {}, 'nothing'],
    ['the secret path', { secretPath: SECRET }, { secret: SECRET }, 'secret-path'],
    ['no secret path', { secretPath: SECRET }, {}, 'credentials-missing'],
    ['another secret path', { secretPath: SECRET }, { secret: `${SECRET}x` }, 'credentials-mismatch'],
    ['Basic', { basic }, { authorization: authorize('crm:pass:word') }, 'basic'],
    ['Basic in any case', { basic }, { authorization: authorize('crm:pass:word').replace('Basic', 'bASIC') }, 'basic'],
    ['no Basic', { basic }, {}, 'credentials-missing'],
    ['Bearer', { basic }, { authorization: 'Bearer abc' }, 'credentials-missing'],
    ['another password', { basic }, { authorization: authorize('crm:pass:wor') }, 'credentials-mismatch'],
    [
      'both',
      { basic, secretPath: SECRET },
      { secret: SECRET, authorization: authorize('crm:pass:word') },
      'secret-path+basic',
    ],
    [
      'one of both',
      { basic, secretPath: SECRET },
      { authorization: authorize('crm:pass:word') },
      'credentials-missing',
    ],
    ['an address of the network', { allow: ['10.0.0.0/8'] }, { address: '10.200.3.4' }, 'nothing'],
    ['the same as IPv6 shows it', { allow: ['10.0.0.0/8'] }, { address: '::ffff:10.200.3.4' }, 'nothing'],
    ['an address of IPv6', { allow: ['2001:db8::/32'] }, { address: '2001:db8:1::7' }, 'nothing'],
    ['another address', { allow: ['10.0.0.0/8', '203.0.113.7'] }, { address: '203.0.113.8' }, 'origin-not-allowed'],
    [
      'another address with the secret',
      { allow: ['10.0.0.1'], secretPath: SECRET },
      { secret: SECRET },
      'origin-not-allowed',
    ],
  ])('%s', (_name, config, shown, expected) => {
    const verification = createAccess(config)({ address: '192.0.2.1', ...shown });
    expect(verification.ok ? verification.scheme : verification.code).toBe(expected);
    expect(JSON.stringify(verification)).not.toMatch(new RegExp(`${SECRET}|pass:word`));
  });
});

describe('the door', () => {
  let publisher: RunningPublisher | undefined;
  let remove = (): void => undefined;
  afterEach(async () => {
    await publisher?.stop();
    publisher = undefined;
    remove();
  });

  class Config {}
  const unsigned = defineSource<Config>({
    name: 'unsigned',
    config: Config,
    split: () => [{ entity: 'deal', id: '1', change: 'updated', dedupeKey: 'a', payload: {} }],
    map: () => ({ state: 'deleted' }),
  });

  async function start(access: object | undefined, http: object = {}): Promise<void> {
    const connection = { tenant: 'acme', name: 'crm', source: 'unsigned', ...(access && { access }) };
    const made = makeConfig({ connections: [connection], http });
    remove = made.remove;
    publisher = await startPublisher({
      config: made.config,
      nats: { url: 'nats://127.0.0.1:9' },
      sources: [unsigned as Source],
      log: quietLog,
      joinWaitMs: 1,
    });
  }

  const post = async (path: string, headers: Record<string, string> = {}): Promise<number> => {
    const all = { 'content-type': 'application/json', ...headers };
    return (await fetch(`${publisher!.url}/webhooks/acme/${path}`, { method: 'POST', body: '{}', headers: all }))
      .status;
  };

  it('takes what has no signature by its secret path alone', async () => {
    await start({ secretPath: SECRET });
    expect(await post(`crm/${SECRET}`)).toBe(202);
    expect(await post('crm')).toBe(401);
    expect(await post(`crm/${SECRET}x`)).toBe(401);
    expect(await post(`crm/${SECRET}/more`)).toBe(404);
  });

  it.each([[undefined], [{ allow: ['127.0.0.1'] }]])('does not open for everybody: %o', async (access) => {
    await expect(start(access)).rejects.toThrow(/connections\[0\]\.access is missing.*no signature/);
  });

  it('lets nobody guess faster than the connection’s rate', async () => {
    await start({ secretPath: SECRET }, { rateLimit: { perConnectionPerSecond: 5 } });
    const guesses = await Promise.all(Array.from({ length: 30 }, (_, index) => post(`crm/guess-${index}`)));
    expect(guesses.filter((status) => status === 429).length).toBeGreaterThan(0);
  });

  it.each([
    ['believes nobody about the address by itself', [], 401],
    ['believes a proxy that it knows', ['127.0.0.1'], 202],
    ['believes no proxy that it does not know', ['192.0.2.9'], 401],
  ])('%s', async (_name, trustProxy, status) => {
    await start({ secretPath: SECRET, allow: ['203.0.113.7'] }, { trustProxy });
    expect(await post(`crm/${SECRET}`, { 'x-forwarded-for': '203.0.113.7' })).toBe(status);
    // What stands before it in the header is the sender's own invention.
    if (status === 202)
      expect(await post(`crm/${SECRET}`, { 'x-forwarded-for': '203.0.113.7, 198.51.100.1' })).toBe(401);
  });
});
