import type { SourceContext, Verification, WebhookRequest } from '@crm-mesh/sdk';
import { createHmac, timingSafeEqual, verify } from 'node:crypto';
import { checkTimestamp, refuseRequest } from '@crm-mesh/sdk/kit';
import type { StandardWebhooksConfig } from './config.js';
import { readKey, type WebhookKey } from './keys.js';

const keysByConfig = new WeakMap<StandardWebhooksConfig, readonly WebhookKey[]>();

/** Accepts when any listed signature of a version we know fits any configured key. */
export function verifyStandardWebhook(
  request: WebhookRequest,
  context: SourceContext<StandardWebhooksConfig>,
): Verification {
  const { config } = context;
  const id = readWebhookId(request, config);
  if (!id) return refuseRequest('signature-missing', `The header ${config.headerPrefix}-id is missing.`);
  if (id.includes('.'))
    return refuseRequest('signature-malformed', `The header ${config.headerPrefix}-id holds a dot.`);
  const timestamp = request.headers[`${config.headerPrefix}-timestamp`];
  const rule = {
    header: `${config.headerPrefix}-timestamp`,
    unit: 's',
    windowMs: config.toleranceSeconds * 1000,
  } as const;
  // As the senders' libraries judge it: by whole seconds, so that the edge is the same for both.
  const refused = checkTimestamp(timestamp, Math.floor(context.now() / 1000) * 1000, rule);
  if (refused) return refused;
  const listed = request.headers[`${config.headerPrefix}-signature`];
  if (!listed) return refuseRequest('signature-missing', `The header ${config.headerPrefix}-signature is missing.`);
  return checkSignatures(listed, Buffer.concat([Buffer.from(`${id}.${timestamp}.`), request.body]), config);
}

/** The same in every retry of one message. */
export function readWebhookId(request: WebhookRequest, config: StandardWebhooksConfig): string | undefined {
  return request.headers[`${config.headerPrefix}-id`];
}

function checkSignatures(listed: string, content: Buffer, config: StandardWebhooksConfig): Verification {
  const keys = keysOf(config);
  // A sender lists a few while it rotates; a thousand are an attempt to make us work.
  const signatures = listed
    .split(' ')
    .slice(0, 16)
    .map(readSignature)
    .filter((signature) => signature !== undefined);
  if (signatures.length === 0)
    return refuseRequest('signature-malformed', 'The signature header lists no signature of version v1 or v1a.');
  const usable = signatures.filter(({ version }) => keys.some((key) => key.version === version));
  if (usable.length === 0) {
    return refuseRequest(
      'scheme-not-allowed',
      `The request is signed with ${signatures[0]!.version}, and no key for it is configured.`,
    );
  }
  const fitting = usable.find((signature) => keys.map((key) => fits(signature, key, content)).includes(true));
  return fitting
    ? { ok: true, scheme: `standard-webhooks-${fitting.version}` }
    : refuseRequest('signature-mismatch', 'No listed signature fits any configured key.');
}

interface Signature {
  version: 'v1' | 'v1a';
  bytes: Buffer;
}

function readSignature(item: string): Signature | undefined {
  const [, version, base64] = /^(v1|v1a),([A-Za-z0-9+/]+={0,2})$/.exec(item) ?? [];
  if (!version || !base64) return undefined;
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === (version === 'v1' ? 32 : 64)
    ? { version: version as Signature['version'], bytes }
    : undefined;
}

function fits(signature: Signature, { version, key }: WebhookKey, content: Buffer): boolean {
  if (version !== signature.version) return false;
  if (version === 'v1a') return verify(null, content, key, signature.bytes);
  return timingSafeEqual(createHmac('sha256', key).update(content).digest(), signature.bytes);
}

function keysOf(config: StandardWebhooksConfig): readonly WebhookKey[] {
  let keys = keysByConfig.get(config);
  if (!keys) keysByConfig.set(config, (keys = config.secrets.flatMap((secret) => readKey(secret) ?? [])));
  return keys;
}
