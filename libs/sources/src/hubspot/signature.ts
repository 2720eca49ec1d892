import type { SourceContext, Verification, WebhookRequest } from '@crm-mesh/sdk';
import { createHash, createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { SIGNATURE_WINDOW_MS, checkTimestamp, refuseRequest } from '@crm-mesh/sdk/kit';
import type { HubspotConfig, SignatureVersion } from './config.js';

type Context = SourceContext<HubspotConfig>;

const TIMESTAMP = { header: 'X-HubSpot-Request-Timestamp', unit: 'ms', windowMs: SIGNATURE_WINDOW_MS } as const;
/** HubSpot hashes the URL with these decoded, and with no others. The `?` that starts the query stays as it is. */
const DECODED_BEFORE_HASHING = /%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi;

const keysByConfig = new WeakMap<HubspotConfig, readonly KeyObject[]>();

/** v3 where it is present and allowed; v1 and v2 only where the connection says so. */
export function verifyHubspot(request: WebhookRequest, context: Context): Verification {
  const { signatures } = context.config;
  const signedV3 = request.headers['x-hubspot-signature-v3'];
  if (signedV3 !== undefined && signatures.includes('v3')) return verifyV3(signedV3, request, context);
  const signed = request.headers['x-hubspot-signature'];
  const version = request.headers['x-hubspot-signature-version'];
  if (signed !== undefined && (version === 'v1' || version === 'v2')) {
    if (signatures.includes(version)) return verifyHash(signed, { request, context, version });
    return refuseRequest(
      'scheme-not-allowed',
      `The request is signed with ${version}; this connection accepts ${signatures.join(', ')}.`,
    );
  }
  if (signedV3 !== undefined) {
    return refuseRequest(
      'scheme-not-allowed',
      `The request is signed with v3; this connection accepts ${signatures.join(', ')}.`,
    );
  }
  if (signed !== undefined)
    return refuseRequest('signature-malformed', 'The header X-HubSpot-Signature-Version is neither v1 nor v2.');
  return refuseRequest('signature-missing', 'The header X-HubSpot-Signature-v3 is missing.');
}

function verifyV3(signed: string, request: WebhookRequest, context: Context): Verification {
  const signature = decodeExactly(signed, 'base64');
  if (!signature)
    return refuseRequest('signature-malformed', 'The header X-HubSpot-Signature-v3 is no base64 of 32 bytes.');
  const timestamp = request.headers['x-hubspot-request-timestamp'];
  const refused = checkTimestamp(timestamp, context.now(), TIMESTAMP);
  if (refused) return refused;
  const start = request.method + publicUrlOf(request, context).replaceAll(DECODED_BEFORE_HASHING, decodeURIComponent);
  const matches = keysOf(context.config).map((key) => {
    const expected = createHmac('sha256', key).update(start).update(request.body).update(timestamp!).digest();
    return timingSafeEqual(expected, signature);
  });
  return decide(matches, 'v3');
}

/** v1: hash of secret and body; v2: of secret, method, URL and body. */
function verifyHash(
  signed: string,
  { request, context, version }: { request: WebhookRequest; context: Context; version: 'v1' | 'v2' },
): Verification {
  const signature = decodeExactly(signed, 'hex');
  if (!signature)
    return refuseRequest('signature-malformed', 'The header X-HubSpot-Signature is no hexadecimal text of 32 bytes.');
  const middle = version === 'v1' ? '' : request.method + publicUrlOf(request, context);
  const matches = context.config.clientSecrets.map((secret) => {
    const expected = createHash('sha256')
      .update(secret + middle)
      .update(request.body)
      .digest();
    return timingSafeEqual(expected, signature);
  });
  return decide(matches, version);
}

/** Every secret is tried, so that the time tells not which one it was. */
function decide(matches: readonly boolean[], version: SignatureVersion): Verification {
  if (matches.includes(true)) return { ok: true, scheme: `hubspot-${version}` };
  return refuseRequest('signature-mismatch', `The ${version} signature does not fit secret, URL and body.`);
}

/** A doubled header (`a,a`) or a stray character is no signature: Node's decoders would skip it. */
function decodeExactly(text: string, encoding: 'base64' | 'hex'): Buffer | undefined {
  const isExact = encoding === 'base64' ? /^[A-Za-z0-9+/]{43}=$/.test(text) : /^[0-9a-f]{64}$/i.test(text);
  return isExact ? Buffer.from(text, encoding) : undefined;
}

function publicUrlOf(request: WebhookRequest, { publicUrl }: Context): string {
  const query = request.url.indexOf('?');
  return query === -1 ? publicUrl : publicUrl + request.url.slice(query);
}

function keysOf(config: HubspotConfig): readonly KeyObject[] {
  let keys = keysByConfig.get(config);
  if (!keys) keysByConfig.set(config, (keys = config.clientSecrets.map((secret) => createSecretKey(secret, 'utf8'))));
  return keys;
}
