import type { ApiAnswer } from '@crm-mesh/sdk';
import { describe, expect, it } from 'vitest';
import { listErrors, readSampleJson } from '../../test/context.js';
import { plainToInstance } from 'class-transformer';
import { describeApi, explainFailure, readQuota } from './api.js';
import { SalesforceConfig } from './config.js';
import { connectOrg, ORGANIZATION_ID } from './org.fixture.js';

const answer = (status: number, body?: unknown, headers = {}): ApiAnswer => ({ status, headers, body, text: '' });
const error = (errorCode: string) => [{ errorCode, message: 'about ada@example.com', fields: [] }];

describe('what a failure means', () => {
  it.each([
    ['the day is used up', 403, readSampleJson('salesforce/api-error-request-limit.json'), 'blocked'],
    ['the session ended', 401, error('INVALID_SESSION_ID'), 'unauthorised'],
    ['401 without a code', 401, undefined, 'unauthorised'],
    ['a right is missing', 403, error('INSUFFICIENT_ACCESS'), 'unavailable'],
    ['a field is not there', 400, error('INVALID_FIELD'), 'refused'],
    ['it is down', 503, error('SERVER_UNAVAILABLE'), undefined],
    ['no errors that can be read', 400, '<html>', undefined],
  ])('%s', (_name, status, body, kind) => {
    const failure = explainFailure(answer(status, body));
    expect(failure?.kind).toBe(kind);
    expect(JSON.stringify(failure ?? {})).not.toContain('ada@');
  });

  it('names the code, and never the text', () => {
    expect(explainFailure(answer(400, error('MALFORMED_QUERY')))).toEqual({
      kind: 'refused',
      what: '(MALFORMED_QUERY)',
    });
  });
});

it.each([
  ['api-usage=18/15000', { dailyRemaining: 14_982, dailyLimit: 15_000 }],
  ['api-usage=15001/15000', { dailyRemaining: 0, dailyLimit: 15_000 }],
  ['per-app-api-usage=17/250(appName=x); api-usage=25/5000', { dailyRemaining: 4_975, dailyLimit: 5_000 }],
  ['per-app-api-usage=17/250(appName=x)', undefined],
  [undefined, undefined],
])('%s of the day', (header, quota) => {
  expect(readQuota(answer(200, {}, { 'sforce-limit-info': header }))).toEqual(quota);
});

describe('how it logs in', () => {
  const app = { clientId: 'key' };
  const KEY = '-----BEGIN PRIVATE KEY-----\nMII…';

  it.each([
    [{ ...app, username: 'mesh@acme.example', privateKey: KEY }, 'https://login.salesforce.com'],
    [
      { ...app, username: 'm', privateKey: KEY, loginUrl: 'https://acme.my.salesforce.com/' },
      'https://acme.my.salesforce.com',
    ],
    [
      { ...app, username: 'm', privateKey: KEY, audience: 'https://test.salesforce.com' },
      'https://test.salesforce.com',
    ],
  ])('by a key %#', (auth, audience) => {
    const { config } = connectOrg({}, { auth });
    expect(describeApi(config).auth).toMatchObject({ grant: { type: 'jwt-bearer', audience, privateKeyPem: KEY } });
  });

  it('by a secret, a refresh token; each call names the client', () => {
    const secret = describeApi(connectOrg().config);
    expect(secret.auth).toMatchObject({
      tokenUrl: 'https://login.salesforce.com/services/oauth2/token',
      grant: { type: 'client_credentials' },
      clientSecret: 's',
    });
    expect(secret.headers).toEqual({ 'sforce-call-options': 'client=crm-event-mesh' });
    const auth = { ...app, grant: 'refresh_token', refreshToken: 'r' };
    expect(describeApi(connectOrg({}, { auth }).config).auth).toMatchObject({ grant: { refreshToken: 'r' } });
  });

  it.each([
    [{ ...app }, /username/],
    [{ ...app, username: 'm', privateKey: '-----BEGIN RSA PRIVATE KEY-----' }, /PKCS 8/],
    [{ ...app, grant: 'client_credentials' }, /clientSecret/],
    [{ ...app, grant: 'refresh_token' }, /refreshToken/],
    [{ ...app, grant: 'password' }, /grant/],
  ])('refuses %j', (auth, expected) => {
    const config = plainToInstance(SalesforceConfig, { organizationId: ORGANIZATION_ID, auth });
    expect(listErrors(config).join('\n')).toMatch(expected);
  });
});
