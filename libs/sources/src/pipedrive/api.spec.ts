import type { ApiAnswer } from '@crm-mesh/sdk';
import { describe, expect, it } from 'vitest';
import { readSampleJson } from '../../test/context.js';
import { describeApi, explain, readQuota } from './api.js';
import { connect } from './pipedrive.fixture.js';

const answer = (status: number, headers: Record<string, string> = {}, body?: unknown): ApiAnswer => ({
  status,
  headers,
  body,
  text: '',
});
const why = (given: ApiAnswer) => explain(given, { path: '/api/v2/deals' });

describe('a failure', () => {
  const limited = readSampleJson('pipedrive/api-error-429.json');
  it.each([
    ['a burst', answer(429, { 'x-ratelimit-reset': '2' }, limited), { kind: 'blocked', retryAfterMs: 2_000 }],
    ['a burst without a word', answer(429, {}, limited), { kind: 'blocked', retryAfterMs: 2_000 }],
    [
      'the end of the day’s tokens',
      answer(429, { 'x-daily-ratelimit-token-remaining': '0', 'x-ratelimit-reset': '1' }, limited),
      { kind: 'blocked', retryAfterMs: 3_600_000 },
    ],
    ['Cloudflare, with a page', answer(403), { kind: 'blocked', retryAfterMs: 60_000 }],
    ['a right that is missing', answer(403, {}, { success: false }), { kind: 'unavailable' }],
    ['what the status says by itself', answer(500), undefined],
  ])('%s', (_name, given, expected) => {
    const explained = why(given);
    if (expected === undefined) expect(explained).toBeUndefined();
    else expect(explained).toMatchObject(expected);
  });
});

it('reads what is left', () => {
  const headers = {
    'x-ratelimit-remaining': '17',
    'x-daily-ratelimit-token-limit': '30000',
    'x-daily-ratelimit-token-remaining': '29990',
  };
  expect(readQuota(answer(200, headers))).toEqual({ remaining: 17, dailyLimit: 30_000, dailyRemaining: 29_990 });
  expect(readQuota(answer(200))).toEqual({});
});

describe('where the API is', () => {
  it.each([
    [{}, 'https://api.pipedrive.com'],
    [{ companyDomain: 'acme' }, 'https://acme.pipedrive.com'],
    [{ companyDomain: 'acme', apiUrl: 'http://127.0.0.1:8080/' }, 'http://127.0.0.1:8080'],
  ])('%o', (part, url) => expect(describeApi(connect(part).config).baseUrl).toBe(url));

  it('is told by the token’s answer, with OAuth', () => {
    const oauth = { clientId: 'c', clientSecret: 's', refreshToken: 'r' };
    const { auth } = describeApi(connect({ apiToken: undefined, oauth }).config);
    expect(auth).toMatchObject({
      kind: 'oauth2',
      clientAuth: 'basic',
      tokenUrl: 'https://oauth.pipedrive.com/oauth/token',
    });
    const find = auth.kind === 'oauth2' ? auth.baseUrlOf : undefined;
    expect(find!({ api_domain: 'https://acme.pipedrive.com' })).toBe('https://acme.pipedrive.com');
    expect(find!({})).toBeUndefined();
  });

  it('needs a token or OAuth', () => expect(() => connect({ apiToken: undefined })).toThrow('apiToken and oauth'));
});
