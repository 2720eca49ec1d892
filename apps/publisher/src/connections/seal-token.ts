import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const [IV_BYTES, TAG_BYTES] = [12, 16];

/** Which configured token a sealed one came from; tells nothing of it. */
export function fingerprintOf(configured: string): string {
  return derive(configured, 'fingerprint', 16).toString('hex');
}

/**
 * Only who has the configured token can open it: whoever gets at the database alone, or a copy of it, gets into no CRM.
 * `place` is bound to it, so that no row can be put in another's place.
 */
export function sealToken(token: string, configured: string, place: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(CIPHER, derive(configured, 'key', 32), iv).setAAD(Buffer.from(place));
  const sealed = Buffer.concat([cipher.update(token, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64');
}

/** Throws on what was sealed otherwise. */
export function openToken(sealed: string, configured: string, place: string): string {
  const bytes = Buffer.from(sealed, 'base64');
  const iv = bytes.subarray(0, IV_BYTES);
  const decipher = createDecipheriv(CIPHER, derive(configured, 'key', 32), iv, { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
}

function derive(configured: string, use: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', configured, '', `crm-mesh refresh token: ${use}`, bytes));
}
