import { createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openOrg, type OpenOrg } from '../salesforce.fixture.js';

const NOW_MS = Date.parse('2026-03-24T16:00:30.250Z');
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

const askToken = async (
  { request }: OpenOrg,
  form: Record<string, string>,
): Promise<{ status: number; body: unknown }> =>
  request('/services/oauth2/token', { method: 'POST', body: new URLSearchParams(form), headers: {} });

function signAssertion(claims: object, key: KeyObject, header: object = { alg: 'RS256' }): string {
  const content = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${content}.${createSign('RSA-SHA256').update(content).sign(key, 'base64url')}`;
}

describe('tokens', () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
  const good = {
    iss: 'sandbox-salesforce-client-id',
    sub: 'mesh@example.com',
    aud: 'https://login.salesforce.com',
    exp: NOW_MS / 1_000 + 180,
  };

  it.each<[what: string, claims: object, key: KeyObject, header: object, error: string | undefined]>([
    ['good', {}, privateKey, { alg: 'RS256' }, undefined],
    ['of another app', { iss: 'other' }, privateKey, { alg: 'RS256' }, 'invalid_client_id'],
    ['without a user', { sub: '' }, privateKey, { alg: 'RS256' }, 'invalid_grant'],
    ['for another server', { aud: 'https://example.com' }, privateKey, { alg: 'RS256' }, 'invalid_grant'],
    ['expired', { exp: NOW_MS / 1_000 - 1 }, privateKey, { alg: 'RS256' }, 'invalid_grant'],
    ['for too long', { exp: NOW_MS / 1_000 + 3_600 }, privateKey, { alg: 'RS256' }, 'invalid_grant'],
    ['by another algorithm', {}, privateKey, { alg: 'none' }, 'invalid_grant'],
    ['signed by somebody else', {}, stranger, { alg: 'RS256' }, 'invalid_grant'],
  ])('assertion: %s', async (_, claims, key, header, error) => {
    const open = await openOrg({ jwtPublicKey: publicKey }, () => NOW_MS);
    const assertion = signAssertion({ ...good, ...claims }, key, header);
    const { status, body } = await askToken(open, { grant_type: JWT_BEARER, assertion });
    expect(status).toBe(error === undefined ? 200 : 400);
    if (error !== undefined) return expect(body).toMatchObject({ error });
    expect(body).toMatchObject({ instance_url: open.org.url, token_type: 'Bearer' });
    expect(Object.keys(body as object).filter((name) => /expires|refresh_token|issued/.test(name))).toEqual([]);
  });

  it('by refresh token and client credentials, not by password', async () => {
    const open = await openOrg();
    const { clientId, clientSecret, refreshToken } = open.org;
    const app = { client_id: clientId, client_secret: clientSecret };
    expect(await askToken(open, { ...app, grant_type: 'refresh_token', refresh_token: refreshToken })).toMatchObject({
      status: 200,
    });
    expect(await askToken(open, { ...app, grant_type: 'client_credentials' })).toMatchObject({ status: 200 });
    expect(await askToken(open, { ...app, grant_type: 'refresh_token', refresh_token: 'x' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect(await askToken(open, { ...app, client_secret: 'x', grant_type: 'client_credentials' })).toMatchObject({
      body: { error: 'invalid_client' },
    });
    expect(await askToken(open, { ...app, grant_type: 'password', username: 'a', password: 'b' })).toMatchObject({
      body: { error: 'unsupported_grant_type' },
    });
  });

  it('end when their time is over, or when told to', async () => {
    let nowMs = NOW_MS;
    const open = await openOrg({ tokenLifeMs: 60_000 }, () => nowMs);
    const { body } = await askToken(open, {
      client_id: open.org.clientId,
      client_secret: open.org.clientSecret,
      grant_type: 'client_credentials',
    });
    const headers = { authorization: `Bearer ${(body as { access_token: string }).access_token}` };
    expect((await open.request('/limits', { headers })).status).toBe(200);
    nowMs += 60_000;
    expect(await open.request('/limits', { headers })).toMatchObject({
      status: 401,
      body: [{ errorCode: 'INVALID_SESSION_ID' }],
    });
    expect((await open.request('/limits')).status).toBe(200);
    open.org.expireTokens();
    expect((await open.request('/limits')).status).toBe(401);
  });
});
