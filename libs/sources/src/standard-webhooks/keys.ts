import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';

/** A key and the signature version that it checks. */
export interface WebhookKey {
  version: 'v1' | 'v1a';
  key: KeyObject;
}

const MIN_SECRET_BYTES = 16;
const ED25519_BYTES = 32;

/** `whsec_` + base64 as a secret, `whpk_` + base64 as an Ed25519 public key. Undefined when it is neither. */
export function readKey(text: string): WebhookKey | undefined {
  const [, prefix = 'whsec_', base64 = ''] = /^(whsec_|whpk_)?([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  const bytes = Buffer.from(base64, 'base64');
  if (prefix === 'whsec_')
    return bytes.length < MIN_SECRET_BYTES ? undefined : { version: 'v1', key: createSecretKey(bytes) };
  if (bytes.length !== ED25519_BYTES) return undefined;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: bytes.toString('base64url') };
  return { version: 'v1a', key: createPublicKey({ key: jwk, format: 'jwk' }) };
}
