import { MeshError } from '@crm-mesh/contract';
import {
  tokenAuthenticator,
  usernamePasswordAuthenticator,
  type Authenticator,
  type TlsOptions,
} from '@nats-io/transport-node';

export const DEFAULT_URL = 'nats://127.0.0.1:4222';

/** Where and as whom to connect; `servers` are free of secrets and may be shown. */
export interface ServerAddress {
  servers: string[];
  authenticators: Authenticator[];
  tls?: TlsOptions;
  inboxPrefix?: string;
  jetstreamPrefix?: string;
}

/** `nats://user:password@host:4222,host2`; user or token apply to all of the list, as with the `nats` CLI. */
export function parseUrls(list: string): ServerAddress {
  const address: ServerAddress = { servers: [], authenticators: [] };
  for (const part of list
    .split(',')
    .map((text) => text.trim())
    .filter(Boolean))
    addServer(address, part);
  if (address.servers.length === 0) throw refuseUrl('it is empty');
  return address;
}

function addServer(address: ServerAddress, text: string): void {
  const withScheme = text.includes('://') ? text : `nats://${text}`;
  const [scheme, rest] = withScheme.split('://', 2) as [string, string];
  if (scheme !== 'nats' && scheme !== 'tls') throw refuseUrl(`the scheme '${scheme}://' is not known`);
  // As http: only for schemes that it knows does URL check host and port.
  if (!URL.canParse(`http://${rest}`)) throw refuseUrl('it cannot be parsed');
  const url = new URL(`http://${rest}`);
  const port = rest.endsWith(':80') ? '80' : url.port || '4222';
  address.servers.push(`${scheme}://${url.hostname}:${port}`);
  if (scheme === 'tls') address.tls ??= {};
  if (url.username === '' || address.authenticators.length > 0) return;
  const user = decodeURIComponent(url.username);
  const password = decodeURIComponent(url.password);
  address.authenticators.push(
    url.password === '' ? tokenAuthenticator(user) : usernamePasswordAuthenticator(user, password),
  );
}

/** The text itself is kept out: it may hold a password. */
function refuseUrl(reason: string): MeshError {
  return new MeshError('MESH_CONFIG_INVALID', `The NATS url is wrong: ${reason}.`, {
    cure: 'Write it like nats://host:4222 or tls://user:password@host:4222; several separated by commas.',
  });
}
