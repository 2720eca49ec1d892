import {
  formatWebhookPath,
  suggestName,
  validateConfig,
  type ConnectionConfig,
  type LoadedConfig,
} from '@crm-mesh/config';
import { MeshError } from '@crm-mesh/contract';
import type { Source } from '@crm-mesh/sdk';
import type { CliContext } from '../cli-context.js';
import { DEFAULT_PORTS } from '../supervisor/default-ports.js';
import { findSource } from './find-source.js';
import { findDataDir } from './locate-mesh.js';
import { readRunFile } from './run-file.js';

/** A connection of mesh.yaml, ready to be asked something without a running mesh. */
export interface FoundConnection {
  connection: ConnectionConfig;
  /** `connections[2]` */
  path: string;
  source: Source;
  /** Its source's settings, checked and with secrets. */
  config: unknown;
  /** `acme/hubspot` */
  title: string;
  /** The address of its webhooks. */
  publicUrl: string;
  /** The same for people to see: without its secret. */
  shownUrl: string;
}

/** `wished`: `tenant/name`. Throws a MeshError that names what there is. */
export async function openConnection(
  context: CliContext,
  config: LoadedConfig,
  { wished, publicUrl }: { wished: string | undefined; publicUrl?: string | undefined },
): Promise<FoundConnection> {
  const connection = findConnection(config.connections, wished);
  const source = await findSource(connection.source, config);
  const path = `connections[${config.connections.indexOf(connection)}]`;
  const own = await validateConfig(source.config, connection.config, `${path}.config`);
  const { tenant, name } = connection;
  const base = (publicUrl ?? findPublicUrl(context, config)).replace(/\/+$/, '');
  const secret = connection.access?.secretPath;
  return {
    ...{ connection, path, source, config: own, title: `${tenant}/${name}` },
    publicUrl: base + formatWebhookPath(connection),
    shownUrl:
      base +
      formatWebhookPath(secret === undefined ? connection : { tenant, name }) +
      (secret === undefined ? '' : '/…'),
  };
}

function findConnection(connections: readonly ConnectionConfig[], wished: string | undefined): ConnectionConfig {
  const only = connections.length === 1 ? connections[0] : undefined;
  if (wished === undefined && only) return only;
  const names = connections.map(({ tenant, name }) => `${tenant}/${name}`);
  const found = connections[names.indexOf(wished ?? '')];
  if (found) return found;
  const suggestion = wished === undefined ? undefined : suggestName(wished, names);
  const cure = suggestion
    ? `Did you mean --connection ${suggestion}?`
    : `Name one with --connection: ${names.join(', ') || 'mesh.yaml has none yet'}.`;
  const what =
    wished === undefined
      ? 'It is not said which connection it is for.'
      : `There is no connection ${wished} in mesh.yaml.`;
  throw new MeshError('MESH_CONNECTION_UNKNOWN', what, { cure });
}

/** mesh.yaml, else the publisher that runs on this data folder, else its usual address. */
function findPublicUrl(context: CliContext, { http }: LoadedConfig): string {
  const running = readRunFile(findDataDir(context))?.urls['publisher'];
  return http.publicUrl ?? running ?? `http://127.0.0.1:${DEFAULT_PORTS.publisher}`;
}

/** `/webhooks/acme/hubspot?x=1` → `acme/hubspot` */
export function readPathNames(url: string): string | undefined {
  const [, tenant, name] = /\/webhooks\/([^/?#]+)\/([^/?#]+)/.exec(url) ?? [];
  return tenant && name ? `${decodeURIComponent(tenant)}/${decodeURIComponent(name)}` : undefined;
}
