import { ConfigError, findOpenDoor, formatWebhookPath, validateConfig, type ConnectionConfig } from '@crm-mesh/config';
import { URGENCIES, type Source, type SourceContext, type Urgency } from '@crm-mesh/sdk';
import { connectApi, createRecordLoader, NO_API, openMapping } from '@crm-mesh/sources';
import type { Store } from '@crm-mesh/store';
import type { Logger } from '@crm-mesh/telemetry';
import { createAccess } from '../webhooks/access.js';
import { Connections, type Connection } from './connections.js';
import { readPollRules } from '../polling/poll-rules.js';
import { findSource } from './find-source.js';
import { MinuteRate } from './minute-rate.js';
import { keepRefreshTokens } from './refresh-tokens.js';

export interface OpenConnectionsOptions {
  configured: readonly ConnectionConfig[];
  sources: readonly Source[];
  /** Where mapping files are bundled to. */
  cacheFolder: string;
  /** The address that CRMs were told, without path; asked for at each request, as the port may be known late. */
  publicUrl(): string;
  log: Logger;
  now(): number;
  /** Keeps the refresh tokens that CRMs give in place of configured ones. Absent: they are lost with the process. */
  store?: Store;
}

/** Checks each connection's own settings with its source. Throws a ConfigError that names the key. */
export async function openConnections(options: OpenConnectionsOptions): Promise<Connections> {
  const opened = options.configured.map((configured, index) => openConnection(configured, index, options));
  return new Connections(await Promise.all(opened));
}

/** Opens the connections of a source again, by a newer version of it; throws a ConfigError, and then all stay as they are. */
export async function replaceSource(
  connections: Connections,
  source: Source,
  options: Omit<OpenConnectionsOptions, 'sources'>,
): Promise<void> {
  const opened = options.configured.flatMap((configured, index) =>
    configured.source === source.name ? [openConnection(configured, index, { ...options, sources: [source] })] : [],
  );
  for (const connection of await Promise.all(opened)) {
    const { counts } = connections.find(connection.tenant, connection.name) ?? connection;
    connections.replace({ ...connection, counts });
  }
}

async function openConnection(
  configured: ConnectionConfig,
  index: number,
  options: OpenConnectionsOptions,
): Promise<Connection> {
  const { tenant, name } = configured;
  const source = findSource(options.sources, configured.source, `connections[${index}].source`);
  const config = await validateConfig(source.config, configured.config, `connections[${index}].config`);
  refuseOpenDoor(source, configured, index);
  const log = options.log.child({ connection: `${tenant}/${name}` });
  const { now, store } = options;
  const refreshTokens = store && keepRefreshTokens(store, configured, now);
  const api = source.api && connectApi(source.api(config), { now, log, refreshTokens });
  const createContext = (urgency: Urgency): SourceContext => ({
    ...{ tenant, connection: name, config, now, log, urgency },
    get publicUrl() {
      return options.publicUrl() + formatWebhookPath(configured);
    },
    api: api?.client(urgency) ?? NO_API,
  });
  const contexts = new Map(URGENCIES.map((urgency) => [urgency, createContext(urgency)]));
  const context = contexts.get('live')!;
  const mapping = await openMapping(configured.mapping, {
    path: `connections[${index}].mapping`,
    cacheFolder: options.cacheFolder,
  });
  return {
    ...{ tenant, name, source, context, contextFor: (urgency) => contexts.get(urgency)! },
    ...(api && { api, readQuota: () => api.readState().quota }),
    access: createAccess(configured.access ?? {}),
    hasSecretPath: configured.access?.secretPath !== undefined,
    ...{ loadRecord: createRecordLoader(source, context), ...mapping },
    coalesceMs: readCoalesceMs(config) ?? source.coalesceMs ?? 0,
    poll: readPollRules(configured, source, { config, path: `connections[${index}].poll` }),
    webhookGraceMs: readGraceMs(configured, source),
    reconcileGraceMs: configured.reconcile?.grace,
    counts: { received: 0, refused: 0, duplicates: 0, events: 0, missed: 0 },
    perMinute: new MinuteRate(now),
  };
}

/** What is merely weak is told by `mesh doctor`. */
function refuseOpenDoor(source: Source, configured: ConnectionConfig, index: number): void {
  const door = findOpenDoor(source, configured, `connections[${index}]`);
  if (door?.isWide) throw new ConfigError([door]);
}

/** Only where webhooks may come, and polls see whether they did. */
function readGraceMs({ poll }: ConnectionConfig, source: Source): number | undefined {
  const hasWebhooks = source.split !== undefined;
  return hasWebhooks && poll && poll.webhookGrace > 0 ? poll.webhookGrace : undefined;
}

/** A connection's own, where the source lets it have one. */
function readCoalesceMs(config: unknown): number | undefined {
  const value = typeof config === 'object' && config !== null && 'coalesceMs' in config ? config.coalesceMs : undefined;
  return typeof value === 'number' ? value : undefined;
}
