import type { SourceContext, Verification, WebhookRequest } from '@crm-mesh/sdk';
import { checkTimestamp, refuseRequest } from '@crm-mesh/sdk/kit';
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { HmacConfig } from './config.js';
import { buildSigned } from './signed-content.js';

const SIGNATURE_BYTES = { sha1: 20, sha256: 32, sha512: 64 };
const ENCODED = { hex: /^[0-9a-f]+$/i, base64: /^[A-Za-z0-9+/]+={0,2}$/ };

/** Accepts a signature that fits any of the secrets, within the time window where the sender says when it signed. */
export function verifyHmac(request: WebhookRequest, context: SourceContext<HmacConfig>): Verification {
  const { config } = context;
  const { timestamp: rule } = config;
  if (rule) {
    const windowMs = rule.toleranceSeconds * 1_000;
    const refused = checkTimestamp(request.headers[rule.header], context.now(), { ...rule, windowMs });
    if (refused) return refused;
  }
  const header = request.headers[config.header];
  if (!header) return refuseRequest('signature-missing', `The header ${config.header} is missing.`);
  const signature = readSignature(header, config);
  if (!signature) {
    const { prefix, algorithm, encoding } = config;
    const wanted = `${prefix === '' ? '' : `${prefix} and `}${algorithm} in ${encoding}`;
    return refuseRequest('signature-malformed', `The header ${config.header} is not ${wanted}.`);
  }
  const content = buildSigned(config.signed, {
    body: request.body,
    method: request.method,
    url: urlOf(request, context),
    timestamp: rule ? (request.headers[rule.header] ?? '') : '',
  });
  // Every secret is tried, so that the time tells not which one it was.
  const fits = config.secrets.map((secret) => {
    const key = Buffer.from(secret, config.secretEncoding === 'text' ? 'utf8' : config.secretEncoding);
    return timingSafeEqual(createHmac(config.algorithm, key).update(content).digest(), signature);
  });
  return fits.includes(true)
    ? { ok: true, scheme: `hmac-${config.algorithm}` }
    : refuseRequest('signature-mismatch', 'The signature fits none of the configured secrets.');
}

function readSignature(header: string, { prefix, encoding, algorithm }: HmacConfig): Buffer | undefined {
  const text = header.slice(prefix.length);
  if (!header.startsWith(prefix) || !ENCODED[encoding].test(text)) return undefined;
  const bytes = Buffer.from(text, encoding);
  return bytes.length === SIGNATURE_BYTES[algorithm] ? bytes : undefined;
}

/** As the sender was told it, with the query that it added. */
function urlOf({ url }: WebhookRequest, { publicUrl }: SourceContext): string {
  const query = url.indexOf('?');
  return query === -1 ? publicUrl : publicUrl + url.slice(query);
}
