import { MeshError } from '@crm-mesh/contract';
import { readCredsAtConnect } from './credentials.js';
import { readNatsContext } from './nats-context.js';
import type { NatsOptions } from './nats-options.js';
import { DEFAULT_URL, parseUrls, type ServerAddress } from './server-urls.js';

export function resolveAddress(options: NatsOptions): ServerAddress {
  if (options.url !== undefined && options.context !== undefined) {
    throw new MeshError('MESH_CONFIG_INVALID', 'NATS has both a url and a context.', { cure: 'Give one of the two.' });
  }
  const address =
    options.context === undefined ? parseUrls(options.url ?? DEFAULT_URL) : readNatsContext(options.context);
  if (options.credsFile !== undefined) address.authenticators.push(readCredsAtConnect(options.credsFile));
  return address;
}
