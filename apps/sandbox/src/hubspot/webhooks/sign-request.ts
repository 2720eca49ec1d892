import { createHash, createHmac } from 'node:crypto';

export interface OutgoingRequest {
  method: string;
  /** The address that the receiver is known by, which may not be the one that is called. */
  publicUrl: string;
  body: string;
  timestampMs: number;
}

/** HubSpot decodes these before it hashes the URL, and no others; the `?` that starts the query stays. */
const DECODED = /%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi;

/** Both schemes, as apps with CRM subscriptions get them: v3, and the older v1 beside it. */
export function signRequest(request: OutgoingRequest, clientSecret: string): Record<string, string> {
  const timestamp = String(request.timestampMs);
  const url = request.publicUrl.replaceAll(DECODED, decodeURIComponent);
  const v3 = createHmac('sha256', clientSecret)
    .update(request.method + url + request.body + timestamp)
    .digest('base64');
  return {
    'X-HubSpot-Signature-v3': v3,
    'X-HubSpot-Request-Timestamp': timestamp,
    'X-HubSpot-Signature': createHash('sha256')
      .update(clientSecret + request.body)
      .digest('hex'),
    'X-HubSpot-Signature-Version': 'v1',
  };
}
