import { Connection } from 'jsforce';
import { open } from '../sandbox.fixture.js';
import { UI_ACTOR, type RunningSandbox } from '../start-sandbox.js';
import type { SalesforceOptions } from './options.js';
import type { RunningSalesforce } from './start-salesforce.js';

export interface OpenOrg {
  sandbox: RunningSandbox;
  org: RunningSalesforce;
  /** Salesforce's own client. */
  connection: Connection;
  /** A request as the API gets it. */
  request(
    path: string,
    init?: RequestInit & { json?: unknown },
  ): Promise<{ status: number; headers: Headers; body: unknown }>;
}

export const VERSION = '66.0';

/** A sandbox with a Salesforce face; stopped after the test. */
export async function openOrg(options: SalesforceOptions = {}, now?: () => number): Promise<OpenOrg> {
  const sandbox = await open({ salesforce: options, ...(now && { now }) });
  const org = sandbox.salesforce;
  if (!org) throw new Error('the sandbox has no Salesforce face');
  const { url: instanceUrl, accessToken } = org;
  const connection = new Connection({
    instanceUrl,
    accessToken,
    version: VERSION,
    callOptions: { client: 'crm-event-mesh' },
  });
  return { sandbox, org, connection, request: (path, init) => request(org, path, init) };
}

export function addContact({ sandbox }: OpenOrg, lastname: string): { type: 'contacts'; id: string } {
  return { type: 'contacts', id: sandbox.crm.create('contacts', { lastname }, { actor: UI_ACTOR }).id };
}

async function request(
  org: RunningSalesforce,
  path: string,
  { json, ...init }: RequestInit & { json?: unknown } = {},
): Promise<{ status: number; headers: Headers; body: unknown }> {
  const response = await fetch(
    `${org.url}${path.startsWith('/services') ? path : `/services/data/v${VERSION}${path}`}`,
    {
      ...init,
      headers: {
        authorization: `Bearer ${org.accessToken}`,
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...init.headers,
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
    },
  );
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}
