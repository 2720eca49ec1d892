import type { Source } from '@crm-mesh/sdk';
import { describe, expect, it } from 'vitest';
import { createRequest, readSampleJson, SAMPLE_TIME_MS } from '../../test/context.js';
import { explainRequest } from '../explain/explain-request.js';
import { pipedriveSource } from './index.js';
import { connect } from './pipedrive.fixture.js';
import { verifyPipedrive } from './verify.js';

interface Vectors {
  user: string;
  password: string;
  vectors: { name: string; headers: Record<string, string>; expect: 'accept' | 'reject' }[];
}
const { user, password, vectors } = readSampleJson<Vectors>('pipedrive/auth-vectors.json');

const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
const verify = (headers: Record<string, string>, part: object = {}) =>
  verifyPipedrive(createRequest({ headers }), connect(part));

describe('the vectors', () => {
  it.each(vectors)('$name: $expect', (vector) => {
    const passwords = { webhookUser: user, webhookPasswords: [password] };
    expect(verify(vector.headers, passwords).ok).toBe(vector.expect === 'accept');
  });
});

it.each([
  ['the second password, while it is rotated', basic('meshhook:new'), true],
  ['another user', basic('mesh:new'), false],
  ['a password that begins alike', basic('meshhook:newer'), false],
  ['no colon', basic('meshhooknew'), false],
  ['nothing at all', basic(':'), false],
  ['another scheme', { authorization: 'Bearer new' }, false],
  ['no base64', { authorization: 'Basic bWVz*aGhvb2s6bmV3' }, false],
])('%s', (_name, headers, isAccepted) =>
  expect(verify(headers, { webhookPasswords: ['old', 'new'] }).ok).toBe(isAccepted),
);

it('says what is missing', () => {
  expect(verify({})).toMatchObject({ ok: false, code: 'credentials-missing' });
  expect(verify(basic('a:b'))).toMatchObject({ ok: false, code: 'credentials-mismatch' });
});

describe('what mesh source verify finds out', () => {
  const explain = (headers: Record<string, string>, part: object = {}) => {
    const { config, publicUrl } = connect(part);
    const request = { ...createRequest({ headers: { ...headers, 'content-type': 'application/json' }, body: '{}' }) };
    return explainRequest({ source: pipedriveSource as Source, request, config, publicUrl, nowMs: SAMPLE_TIME_MS });
  };

  it.each([
    ['user as its password', basic('secret:meshhook'), { webhookPasswords: ['secret'] }],
    ['white space', basic('meshhook:secret'), { webhookPasswords: ['secret\n'] }],
    ['with the API token', basic('meshhook:token'), {}],
  ])('%s', (why, headers, part) => expect(explain(headers, part).why).toContain(why));
});
