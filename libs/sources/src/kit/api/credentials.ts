import type { ApiAuth } from '@crm-mesh/sdk';
import { TokenKeeper, type KeeperOptions } from './token-keeper.js';

/** What a request shows, and where it goes if that is not the described address. */
export interface Credentials {
  headers: Readonly<Record<string, string>>;
  baseUrl?: string;
  /** Others, when the API refuses these; absent where there are no others. */
  replace?(): Promise<Credentials>;
}

/** How a connection's requests get their credentials. */
export function createCredentials(auth: ApiAuth, options: KeeperOptions): () => Promise<Credentials> {
  if (auth.kind !== 'oauth2') {
    const fixed = { headers: listHeaders(auth) };
    return () => Promise.resolve(fixed);
  }
  const keeper = new TokenKeeper(auth, options);
  return async () => {
    const token = await keeper.read();
    return { ...show(token), replace: async () => show(await keeper.replace(token)) };
  };
}

function show({ value, baseUrl }: { value: string; baseUrl?: string }): Credentials {
  return { headers: { authorization: `Bearer ${value}` }, ...(baseUrl !== undefined && { baseUrl }) };
}

function listHeaders(auth: Exclude<ApiAuth, { kind: 'oauth2' }>): Record<string, string> {
  if (auth.kind === 'none') return {};
  if (auth.kind === 'bearer') return { authorization: `Bearer ${auth.token}` };
  if (auth.kind === 'header') return { [auth.name.toLowerCase()]: auth.value };
  return { authorization: `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}` };
}
