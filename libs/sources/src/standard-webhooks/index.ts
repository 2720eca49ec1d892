import { defineSource, type Hypothesis, type SourceContext } from '@crm-mesh/sdk';
import { isObject, parseJsonBody, refuseNotification } from '@crm-mesh/sdk/kit';
import { draftNotification, listRead, mapNotification } from '../mapping/split-documents.js';
import { StandardWebhooksConfig } from './config.js';
import { readWebhookId, verifyStandardWebhook } from './verify.js';

/** Any system that sends Standard Webhooks (`{type, timestamp, data}`); the events carry the records. */
export const standardWebhooksSource = defineSource<StandardWebhooksConfig>({
  name: 'standard-webhooks',
  config: StandardWebhooksConfig,
  verify: verifyStandardWebhook,
  split: (request, context) => {
    const event = parseJsonBody(request.body);
    const dedupeKey = readWebhookId(request, context.config);
    if (!isObject(event)) throw refuseNotification('the body is no object.');
    if (!dedupeKey) throw refuseNotification(`the header ${context.config.headerPrefix}-id is missing.`);
    return [draftNotification(event, { dedupeKey, timePath: 'timestamp' }, context) ?? []].flat();
  },
  map: mapNotification,
  reads: listRead,
  hypotheses: listHypotheses,
});

function listHypotheses({ config }: SourceContext<StandardWebhooksConfig>): Hypothesis<StandardWebhooksConfig>[] {
  const undecoded = config.secrets.map((secret) => `whsec_${Buffer.from(secret).toString('base64')}`);
  const bare = config.secrets.map((secret) => `whsec_${Buffer.from(secret.replace(/^whsec_/, '')).toString('base64')}`);
  return [
    ...['webhook', 'svix'].map((headerPrefix) => ({
      name: `headers named ${headerPrefix}-…`,
      config: { headerPrefix },
      why: `The signature stands in headers whose names begin with ${headerPrefix}-.`,
      cure: `Set \`headerPrefix: ${headerPrefix}\` for this connection.`,
    })),
    {
      name: 'secret used without decoding it',
      config: { secrets: [...undecoded, ...bare] },
      why: 'The sender signs with the text of the secret instead of the bytes that its base64 stands for.',
      cure: 'Mend the sender: what follows whsec_ is base64 and must be decoded before it is used as the key.',
    },
  ];
}
