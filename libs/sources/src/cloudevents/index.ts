import { defineSource, type Hypothesis, type SourceContext } from '@crm-mesh/sdk';
import { draftNotification, listRead, mapNotification } from '../mapping/split-documents.js';
import { CloudEventsConfig } from './config.js';
import { readEvents } from './read-events.js';
import { answerHandshake, verifyCloudEvents } from './verify.js';

/** Any system that sends CloudEvents 1.0 over HTTP; the events carry the records. */
export const cloudEventsSource = defineSource<CloudEventsConfig>({
  name: 'cloudevents',
  config: CloudEventsConfig,
  // In binary mode the content type is that of the data.
  mediaTypes: ['*'],
  verify: verifyCloudEvents,
  handshake: answerHandshake,
  split: (request, context) =>
    readEvents(request).flatMap((event) => {
      // A source is a URI reference and holds no blank, so that the pair stays a pair.
      const dedupeKey = `${event.source} ${event.id}`;
      return draftNotification(event, { dedupeKey, timePath: 'time' }, context) ?? [];
    }),
  map: mapNotification,
  reads: listRead,
  hypotheses: listHypotheses,
});

function listHypotheses({ config }: SourceContext<CloudEventsConfig>): Hypothesis<CloudEventsConfig>[] {
  return [
    {
      name: 'token without white space around it',
      config: { tokens: config.tokens.map((token) => token.trim()) },
      why: 'The configured token has white space around it.',
      cure: 'Remove spaces and line ends around the token (a file that ends with a newline?).',
    },
    {
      name: 'token configured with its "Bearer"',
      config: { tokens: config.tokens.map((token) => token.replace(/^Bearer\s+/i, '')) },
      why: 'The configured token begins with the word Bearer.',
      cure: 'Configure the token alone: the word belongs to the header.',
    },
    {
      name: 'token in the query',
      config: { queryToken: true },
      why: 'The token stands in the query, which this connection does not accept.',
      cure: 'Let the sender show it as `Authorization: Bearer`, or set `queryToken: true`.',
    },
    {
      name: 'no origin required',
      config: { requireOrigin: false },
      why: 'The token is right, but the sender names no allowed origin.',
      cure: 'Add the sender’s origin to `allowedOrigins`, or set `requireOrigin: false`.',
    },
  ];
}
