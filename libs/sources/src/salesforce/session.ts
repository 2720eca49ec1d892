import { Unavailable, type SourceContext } from '@crm-mesh/sdk';
import type { SalesforceConfig } from './config.js';
import { dataPath } from './data-path.js';
import { toId18 } from './ids.js';

/** What the token endpoint answered. The Pub/Sub API wants it too, and no HTTP client brings it there. */
interface Session {
  accessToken: string;
  instanceUrl: string;
  organizationId: string | undefined;
}

const sessions = new WeakMap<SalesforceConfig, Session>();

/** Asked for each token: keeps it for the stream, and gives the API's address. */
export function keepSession(config: SalesforceConfig, token: Readonly<Record<string, unknown>>): string | undefined {
  const { access_token: accessToken, instance_url: instanceUrl, id } = token;
  if (typeof accessToken !== 'string' || typeof instanceUrl !== 'string') return undefined;
  // `https://login.salesforce.com/id/<organisation>/<user>`
  const organizationId = typeof id === 'string' ? toId18(id.split('/').at(-2)) : undefined;
  sessions.set(config, { accessToken, instanceUrl, organizationId });
  return instanceUrl;
}

/** A session that Salesforce takes: a small request makes the API's client log in, anew when the last session has ended. */
export async function openSession(context: SourceContext<SalesforceConfig>): Promise<Session> {
  const { config, api } = context;
  await api.request({ path: dataPath(config, '/limits') });
  const session = sessions.get(config);
  if (!session) throw new Unavailable('Salesforce gave a token without `instance_url`: is `auth.loginUrl` right?');
  const expected = toId18(config.organizationId);
  if (session.organizationId !== undefined && session.organizationId !== expected) {
    throw new Unavailable(
      `Salesforce logged in to the organisation ${session.organizationId}, but \`organizationId\` of this connection is ${expected}. (A refreshed sandbox has a new id.)`,
    );
  }
  return session;
}
