import type { ConnectionConfig } from '@crm-mesh/config';

/** Stands for a token that is the user's own: terminals are recorded and shared. */
const PLACEHOLDER = 'YOUR-TOKEN';

export interface CurlTarget {
  connections: readonly ConnectionConfig[];
  publisherUrl: string;
  /** Made by `mesh up` itself, and worth nothing elsewhere: it may be shown. */
  demoToken: string;
}

/**
 * A line that delivers an event to a CloudEvents connection which knows a token: the demo's, whose line works as it is,
 * else the first, whose token is left to the reader. Undefined without one.
 */
export function buildCurlLine({ connections, publisherUrl, demoToken }: CurlTarget): string | undefined {
  const open = connections.filter(({ source, config }) => source === 'cloudevents' && listTokens(config).length > 0);
  const demo = open.find(({ config }) => listTokens(config).includes(demoToken));
  const connection = demo ?? open[0];
  if (connection === undefined) return undefined;
  const { tenant, name } = connection;
  const address = `${publisherUrl}/webhooks/${encodeURIComponent(tenant)}/${encodeURIComponent(name)}`;
  const headers = [
    `authorization: Bearer ${demo ? demoToken : PLACEHOLDER}`,
    'content-type: application/cloudevents+json',
  ];
  const options = headers.map((header) => `-H '${header}'`).join(' ');
  // A new record each time: the same one again would be dropped as a duplicate.
  const body = JSON.stringify(buildExample()).replaceAll('NOW', "'$(date +%s)'");
  return `curl -i ${address} ${options} -d '${body}'`;
}

function listTokens(config: Record<string, unknown>): string[] {
  const tokens: unknown = config['tokens'];
  return Array.isArray(tokens) ? tokens.filter((token) => typeof token === 'string') : [];
}

/** A company that is made of nothing personal. */
function buildExample(): object {
  return {
    specversion: '1.0',
    id: 'example-NOW',
    source: '/example',
    type: 'company.created',
    subject: 'company/example-NOW',
    data: { name: 'Example Ltd' },
  };
}
