import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { signRequest } from './sign-request.js';

interface Vector {
  name: string;
  version: 'v1' | 'v2' | 'v3';
  secret: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  bodyBase64: string;
  expectedSignature: string;
  expect: 'accept' | 'reject';
}

const file = join(import.meta.dirname, '../../../../../test/samples/hubspot/signature-vectors.json');
const { vectors } = JSON.parse(readFileSync(file, 'utf8')) as { vectors: Vector[] };
const HEADERS: Record<string, string> = { v3: 'X-HubSpot-Signature-v3', v1: 'X-HubSpot-Signature' };
const ours = vectors.filter(({ version, expect: decision }) => version !== 'v2' && decision === 'accept');

describe('signRequest', () => {
  it('has vectors to follow', () => expect(ours.length).toBeGreaterThan(2));

  it.each(ours)(
    'signs as the vector $name',
    ({ version, secret, method, url, headers, bodyBase64, expectedSignature }) => {
      const body = Buffer.from(bodyBase64, 'base64').toString();
      const timestampMs = Number(headers['x-hubspot-request-timestamp'] ?? 0);
      const signed = signRequest({ method, publicUrl: url, body, timestampMs }, secret);
      expect(signed[HEADERS[version] ?? '']).toBe(expectedSignature);
    },
  );
});
