import { createHmac } from 'node:crypto';
import { makeDeal, timeOfChange } from './crm-messages.js';
import { signWebhook, WEBHOOK_SECRET, type SignedWebhook } from './webhooks.js';

/** A CRM's webhooks: as it sends them, and how our source is set up to take them. */
export interface WebhookKind {
  source: string;
  config: object;
  /** Notifications of one request. */
  perRequest: number;
  /** `url` is the address that it is sent to. Each is another one. */
  sign(id: string, url: string): Pick<SignedWebhook, 'body' | 'headers'>;
}

export type WebhookKindName = 'standard-webhooks' | 'hubspot' | 'pipedrive';

/** Known to sender and receivers; they protect nothing. */
const HUBSPOT_SECRET = 'a secret of the benchmark';
const PIPEDRIVE_LOGIN = { user: 'bench', password: 'a password of the benchmark' };
/** Nobody is asked. */
const NO_API = 'http://127.0.0.1:9';
const HUBSPOT_ITEMS = 10;

export const WEBHOOK_KINDS: Readonly<Record<WebhookKindName, WebhookKind>> = {
  'standard-webhooks': {
    source: 'standard-webhooks',
    config: { secrets: [WEBHOOK_SECRET] },
    perRequest: 1,
    sign: (id) => signWebhook(id),
  },
  hubspot: {
    source: 'hubspot',
    config: { clientSecrets: [HUBSPOT_SECRET], accessToken: 'none', apiUrl: NO_API },
    perRequest: HUBSPOT_ITEMS,
    sign: signHubspot,
  },
  pipedrive: {
    source: 'pipedrive',
    config: {
      webhookUser: PIPEDRIVE_LOGIN.user,
      webhookPasswords: [PIPEDRIVE_LOGIN.password],
      apiToken: 'none',
      apiUrl: NO_API,
    },
    perRequest: 1,
    sign: signPipedrive,
  },
};

let items = 0;

/** Ten thin items, of a record each, signed as v3. */
function signHubspot(_id: string, url: string): Pick<SignedWebhook, 'body' | 'headers'> {
  const body = JSON.stringify(Array.from({ length: HUBSPOT_ITEMS }, () => makeHubspotItem((items += 1))));
  const timestamp = String(Date.now());
  const signature = createHmac('sha256', HUBSPOT_SECRET).update(`POST${url}${body}${timestamp}`).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'x-hubspot-request-timestamp': timestamp,
    'x-hubspot-signature-v3': signature,
  };
  return { body, headers };
}

function makeHubspotItem(number: number): object {
  return {
    eventId: 2_930_000_000 + number,
    subscriptionId: 3_104_825,
    portalId: 24_417_703,
    appId: 2_951_846,
    occurredAt: Date.now(),
    subscriptionType: 'contact.propertyChange',
    attemptNumber: 0,
    objectId: 128_850_000_000 + number,
    propertyName: 'jobtitle',
    propertyValue: 'Head of Procurement',
    changeSource: 'CRM_UI',
    sourceId: 'userId:61820455',
  };
}

/** A deal with all of its fields, proved by HTTP Basic. */
function signPipedrive(id: string): Pick<SignedWebhook, 'body' | 'headers'> {
  const recordId = 130_000_000 + (items += 1);
  const { user, password } = PIPEDRIVE_LOGIN;
  const headers = {
    'content-type': 'application/json',
    authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
  };
  const time = timeOfChange(1);
  const { name, custom, lines } = makeDeal(id, 1) as unknown as Record<string, unknown>;
  const data = {
    id: recordId,
    title: name,
    value: 46_000,
    currency: 'EUR',
    status: 'open',
    stage_id: 14,
    pipeline_id: 2,
    org_id: 51_077,
    person_id: 88_213,
    owner_id: 15_530_071,
    add_time: time,
    update_time: time,
    expected_close_date: '2026-03-31',
    custom_fields: { '9f2c41d07be35a86c0d1e4f7a2b3958671c0ad4e': { custom, lines } },
  };
  const meta = {
    action: 'change',
    entity: 'deal',
    entity_id: String(recordId),
    id,
    company_id: '7341882',
    timestamp: time,
    type: 'general',
    user_id: '15530071',
    version: '2.0',
    change_source: 'app',
    attempt: 1,
  };
  return { body: JSON.stringify({ data, previous: { stage_id: 12 }, meta }), headers };
}
