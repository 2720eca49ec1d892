import type { ConnectionConfig } from '@crm-mesh/config';

/** A line that delivers an event to the first CloudEvents connection which knows a token; undefined without one. */
export function buildCurlLine(connections: readonly ConnectionConfig[], publisherUrl: string): string | undefined {
  const connection = connections.find(
    ({ source, config }) => source === 'cloudevents' && findToken(config) !== undefined,
  );
  if (connection === undefined) return undefined;
  const { tenant, name, config } = connection;
  const address = `${publisherUrl}/webhooks/${encodeURIComponent(tenant)}/${encodeURIComponent(name)}`;
  const headers = [`authorization: Bearer ${findToken(config)}`, 'content-type: application/cloudevents+json'];
  const options = headers.map((header) => `-H '${header}'`).join(' ');
  // A new record each time: the same one again would be dropped as a duplicate.
  const body = JSON.stringify(buildExample()).replaceAll('NOW', "'$(date +%s)'");
  return `curl -i ${address} ${options} -d '${body}'`;
}

function findToken(config: Record<string, unknown>): string | undefined {
  const tokens = config['tokens'];
  const token: unknown = Array.isArray(tokens) ? tokens[0] : undefined;
  return typeof token === 'string' ? token : undefined;
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
