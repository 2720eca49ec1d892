import {
  defineSource,
  type Hypothesis,
  type NotificationDraft,
  type SourceContext,
  type WebhookRequest,
} from '@crm-mesh/sdk';
import { isObject, parseJsonBody, readId, refuseNotification } from '@crm-mesh/sdk/kit';
import { hash } from 'node:crypto';
import { readPath } from '../mapping/read-path.js';
import { draftNotification, listRead, mapNotification } from '../mapping/split-documents.js';
import { HmacConfig } from './config.js';
import { verifyHmac } from './verify.js';

/** Any system that signs its webhooks with an HMAC; the events carry the records. */
export const hmacSource = defineSource<HmacConfig>({
  name: 'hmac',
  config: HmacConfig,
  verify: verifyHmac,
  split: splitEvents,
  map: mapNotification,
  reads: listRead,
  hypotheses: listHypotheses,
});

function splitEvents(request: WebhookRequest, context: SourceContext<HmacConfig>): NotificationDraft[] {
  const { config } = context;
  const found = readPath(parseJsonBody(request.body), config.events);
  const events: unknown[] = Array.isArray(found) ? found : [found];
  return events.flatMap((event, index) => {
    if (!isObject(event)) throw refuseNotification(`there is no event at \`${config.events}\`.`);
    const type = config.typeHeader === undefined ? readPath(event, config.type) : request.headers[config.typeHeader];
    const dedupeKey = findDeliveryId(request, index, config) ?? findEventId(event, config);
    return draftNotification({ ...event, type }, { dedupeKey, timePath: 'timestamp' }, context) ?? [];
  });
}

function findDeliveryId({ headers }: WebhookRequest, index: number, { eventIdHeader }: HmacConfig): string | undefined {
  if (eventIdHeader === undefined) return undefined;
  const id = headers[eventIdHeader];
  if (!id) throw refuseNotification(`the header ${eventIdHeader} is missing.`);
  return `${id} ${index}`;
}

function findEventId(event: Record<string, unknown>, { eventId }: HmacConfig): string {
  if (eventId === undefined) return `content ${hash('sha256', JSON.stringify(event), 'base64url')}`;
  const id = readId(readPath(event, eventId));
  if (id === undefined) throw refuseNotification(`the event has no id of its own at \`${eventId}\`.`);
  return id;
}

function listHypotheses({ config }: SourceContext<HmacConfig>): Hypothesis<HmacConfig>[] {
  const encodings = (['text', 'hex', 'base64'] as const).filter((encoding) => encoding !== config.secretEncoding);
  const encoding = config.encoding === 'hex' ? 'base64' : 'hex';
  return [
    {
      name: 'secret without white space around it',
      config: { secrets: config.secrets.map((secret) => secret.trim()) },
      why: 'The configured secret has white space around it.',
      cure: 'Remove spaces and line ends around the secret (a file that ends with a newline?).',
    },
    ...encodings.map((secretEncoding) => ({
      name: `secret as ${secretEncoding}`,
      config: { secretEncoding },
      why: `The sender takes the secret as ${secretEncoding}.`,
      cure: `Set \`secretEncoding: ${secretEncoding}\` for this connection.`,
    })),
    {
      name: `signature in ${encoding}`,
      config: { encoding },
      why: `The signature is written in ${encoding}.`,
      cure: `Set \`encoding: ${encoding}\` for this connection.`,
    },
    ...['', `${config.algorithm}=`].map((prefix) => ({
      name: prefix === '' ? 'no prefix' : `the prefix ${prefix}`,
      config: { prefix },
      why: `The signature stands in its header ${prefix === '' ? 'without a prefix' : `after ${prefix}`}.`,
      cure: `Set \`prefix: '${prefix}'\` for this connection.`,
    })),
    {
      name: 'the body alone signed',
      config: { signed: '{body}' },
      why: 'The sender signs the body alone.',
      cure: "Set `signed: '{body}'` for this connection: a time that is not signed proves nothing.",
    },
  ];
}
