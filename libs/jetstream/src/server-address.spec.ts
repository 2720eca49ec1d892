import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeTempDir, type TempDir } from '@crm-mesh/testing';
import { nkeys, type Authenticator } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readNatsContext } from './nats-context.js';
import { resolveAddress } from './server-address.js';
import { parseUrls } from './server-urls.js';

/** What the authenticators together would say to the server. */
function login(authenticators: Authenticator[]): object {
  return Object.assign({}, ...authenticators.map((each) => each('bm9uY2U')));
}

describe('parseUrls', () => {
  it.each([
    ['nats://localhost', ['nats://localhost:4222'], {}],
    ['localhost:5222', ['nats://localhost:5222'], {}],
    ['nats://10.0.0.1:80', ['nats://10.0.0.1:80'], {}],
    ['nats://[::1]:4333', ['nats://[::1]:4333'], {}],
    ['nats://a:1, nats://b ,c', ['nats://a:1', 'nats://b:4222', 'nats://c:4222'], {}],
    ['nats://u:p%40s%2Fs@a,b', ['nats://a:4222', 'nats://b:4222'], { user: 'u', pass: 'p@s/s' }],
    ['nats://t0ken@a', ['nats://a:4222'], { auth_token: 't0ken' }],
  ])('%s', (url, servers, said) => {
    const address = parseUrls(url);
    expect(address.servers).toEqual(servers);
    expect(login(address.authenticators)).toEqual(said);
    expect(address.tls).toBeUndefined();
  });

  it('asks for TLS where the url says so', () => {
    expect(parseUrls('tls://a')).toMatchObject({ servers: ['tls://a:4222'], tls: {} });
  });

  it('is the local server when nothing is said', () => {
    expect(resolveAddress({ name: 'x' }).servers).toEqual(['nats://127.0.0.1:4222']);
  });
});

const SEED = Buffer.from(nkeys.createUser().getSeed()).toString();
const CREDS = `-----BEGIN NATS USER JWT-----\nthe.jwt.text\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n${SEED}\n------END USER NKEY SEED------\n`;

describe('readNatsContext', () => {
  let temp: TempDir;
  beforeEach(() => {
    temp = makeTempDir('context');
    vi.stubEnv('XDG_CONFIG_HOME', temp.path);
    vi.stubEnv('SOME_SECRET', 'from-env');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    temp.remove();
  });

  function write(context: object | string): void {
    const file = join(temp.path, 'nats/context/prod.json');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, typeof context === 'string' ? context : JSON.stringify(context));
  }

  function put(name: string, content: string): string {
    const file = join(temp.path, name);
    writeFileSync(file, content);
    return file;
  }

  it('takes what the CLI writes, empty texts being unset', () => {
    write({
      description: 'Production',
      url: 'nats://a:4222,nats://b:4222',
      user: 'u',
      password: 'p',
      token: '',
      creds: '',
      nkey: '',
      cert: '',
      key: '',
      ca: '',
      nsc: '',
      jetstream_domain: 'hub',
      jetstream_api_prefix: '',
      jetstream_event_prefix: '',
      inbox_prefix: '_INBOX_u',
      user_jwt: '',
      color_scheme: 'red',
      tls_first: false,
    });
    const address = readNatsContext('prod');
    expect(address).toMatchObject({
      servers: ['nats://a:4222', 'nats://b:4222'],
      inboxPrefix: '_INBOX_u',
      jetstreamPrefix: '$JS.hub.API',
    });
    expect(login(address.authenticators)).toEqual({ user: 'u', pass: 'p' });
    expect(address.tls).toBeUndefined();
  });

  it.each([
    ['env', (): string => 'env://SOME_SECRET', 'from-env'],
    ['file', (): string => `file://${put('secret', 'from-file\n')}`, 'from-file'],
    ['data', (): string => 'data:;base64,ZnJvbS1kYXRh', 'from-data'],
    ['plain data', (): string => 'data:,from%20data', 'from data'],
    ['nothing', (): string => 'as:it-is', 'as:it-is'],
  ])('follows a reference: %s', (_, refer, token) => {
    write({ token: refer() });
    expect(login(readNatsContext('prod').authenticators)).toEqual({ auth_token: token });
  });

  it('takes credentials by path, with ~ and variables, and by reference', () => {
    vi.stubEnv('CREDS_DIR', temp.path);
    put('user.creds', CREDS);
    vi.stubEnv('THE_CREDS', CREDS);
    for (const creds of [
      join(temp.path, 'user.creds'),
      '$CREDS_DIR/user.creds',
      '${CREDS_DIR}/user.creds',
      'env://THE_CREDS',
    ]) {
      write({ creds });
      expect(login(readNatsContext('prod').authenticators)).toMatchObject({
        jwt: 'the.jwt.text',
        sig: expect.any(String),
      });
    }
  });

  it('reads credentials anew at each connect, and keeps the last good ones', () => {
    const file = put('user.creds', CREDS);
    const { authenticators } = resolveAddress({ name: 'x', url: 'nats://a', credsFile: file });
    expect(login(authenticators)).toMatchObject({ jwt: 'the.jwt.text' });
    put('user.creds', CREDS.replace('the.jwt.text', 'a.new.one'));
    expect(login(authenticators)).toMatchObject({ jwt: 'a.new.one' });
    put('user.creds', CREDS.slice(0, -60));
    expect(login(authenticators)).toMatchObject({ jwt: 'a.new.one' });
  });

  it('takes nkeys, JWTs and TLS files', () => {
    write({
      nkey: put('user.nk', `${SEED}\n`),
      ca: put('ca.pem', 'CA'),
      cert: put('c.pem', 'CERT'),
      key: put('k.pem', 'KEY'),
      tls_first: true,
    });
    const address = readNatsContext('prod');
    expect(login(address.authenticators)).toMatchObject({ nkey: expect.stringMatching(/^U/) });
    expect(address.tls).toEqual({ ca: 'CA', cert: 'CERT', key: 'KEY', handshakeFirst: true });
    write({ user_jwt: 'a.b.c', user_seed: SEED });
    expect(login(readNatsContext('prod').authenticators)).toMatchObject({ jwt: 'a.b.c' });
  });

  it.each([
    ['missing', undefined, 'does not exist'],
    ['no JSON', '{"password": "secret-word"', 'cannot be read as JSON'],
    ['no object', '["secret-word"]', 'holds no JSON object'],
    ['a wrong type', { url: 4222 }, "'url' in"],
    [
      'an unset variable',
      { password: 'env://NOT_SET_ANYWHERE', user: 'u' },
      'refers to NOT_SET_ANYWHERE, which is not set',
    ],
    ['a missing file', { nkey: '/nowhere/user.nk' }, 'refers to /nowhere/user.nk, which cannot be read'],
    ['missing credentials', { creds: '/nowhere/user.creds' }, '/nowhere/user.creds cannot be read'],
    ['a wrong seed', { nkey: 'data:,SUsecret-word' }, 'The login in'],
    ['1Password', { token: 'op://vault/secret-word' }, 'is a op:// reference'],
    ['nsc', { nsc: 'nsc://o/a/u' }, 'is not supported here'],
    ['a proxy', { socks_proxy: 'socks5://x' }, 'is not supported here'],
  ])('says what is wrong: %s', (_, context, message) => {
    if (context !== undefined) write(context);
    const read = (): unknown => readNatsContext('prod');
    expect(read).toThrow('MESH_NATS_CONTEXT_INVALID');
    expect(read).toThrow(message);
    expect(read).not.toThrow('secret-word');
  });
});
