import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { MeshError } from '@crm-mesh/contract';
import { jetstreamManager } from '@nats-io/jetstream';
import { AuthorizationError, connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import { askJetStream, findCause } from './ask-jetstream.js';
import { Link } from './link.js';
import { SILENT_LOG, type NatsOptions } from './nats-options.js';
import { Nats } from './nats.js';
import { resolveAddress } from './server-address.js';
import type { ServerAddress } from './server-urls.js';

const MAX_CLAIM_BYTES = 16 * 1_024 * 1_024;
const LEAST_VERSION = [2, 12] as const;
const PING_INTERVAL_MS = 10_000;
const RECONNECT_WAIT_MS = 500;
const FIRST_RETRY_WAIT_MS = 500;
const DIAL_TIMEOUT_MS = 5_000;
/** While the first connect fails, say so this often. */
const REMINDER_INTERVAL_MS = 15_000;
const DEFAULT_PUBLISH_TIMEOUT_MS = 5_000;

/** Connects (reconnecting for ever), checks JetStream and the server's version (≥ 2.12). Throws MESH_NATS_*. */
export async function connectNats(options: NatsOptions): Promise<Nats> {
  const address = resolveAddress(options);
  const log = options.log ?? SILENT_LOG;
  const nc = await dialUntilConnected(address, options);
  const link = new Link(nc, {
    address,
    log,
    publishTimeoutMs: options.publishTimeoutMs ?? DEFAULT_PUBLISH_TIMEOUT_MS,
    mostUnackedPublishes: options.mostUnackedPublishes,
    maxClaimBytes: options.maxClaimBytes ?? MAX_CLAIM_BYTES,
  });
  try {
    checkVersion(link);
    link.jsm = await jetstreamManager(nc, { ...link.apiOptions(), checkAPI: false });
    await askJetStream(link, 'is it on?', () => link.jsm.getAccountInfo());
  } catch (error) {
    await link.close();
    throw error;
  }
  log.info({ server: link.serverUrl, version: link.serverVersion }, 'NATS is connected');
  return new Nats(link);
}

/** The client's own `waitOnFirstConnect` neither gives up nor says why it waits. */
async function dialUntilConnected(address: ServerAddress, options: NatsOptions): Promise<NatsConnection> {
  const log = options.log ?? SILENT_LOG;
  const servers = address.servers.join(', ');
  const startedMs = performance.now();
  const deadlineMs = startedMs + (options.connectTimeoutMs ?? Number.POSITIVE_INFINITY);
  let remindAtMs = startedMs;
  for (;;) {
    try {
      return await connect(buildConnectionOptions(address, options, deadlineMs - performance.now()));
    } catch (cause) {
      if (findCause(cause, AuthorizationError))
        throw new MeshError('MESH_NATS_REFUSED', `NATS at ${servers} refused the login.`, { cause });
      if (cause instanceof MeshError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      const now = performance.now();
      if (options.signal?.aborted || now + FIRST_RETRY_WAIT_MS >= deadlineMs)
        throw reportUnreachable(servers, reason, cause);
      if (now >= remindAtMs) {
        log.warn({ servers, reason }, 'NATS cannot be reached yet; trying again');
        remindAtMs = now + REMINDER_INTERVAL_MS;
      }
      await delay(FIRST_RETRY_WAIT_MS, undefined, { signal: options.signal });
    }
  }
}

function buildConnectionOptions(address: ServerAddress, options: NatsOptions, leftMs: number): NodeConnectionOptions {
  return {
    name: options.name,
    servers: [...address.servers],
    authenticator: address.authenticators,
    tls: address.tls,
    inboxPrefix: address.inboxPrefix,
    timeout: Math.max(1, Math.min(DIAL_TIMEOUT_MS, leftMs)),
    maxReconnectAttempts: -1,
    reconnectTimeWait: options.reconnectWaitMs ?? RECONNECT_WAIT_MS,
    pingInterval: options.pingIntervalMs ?? PING_INTERVAL_MS,
    // One Error with a stack less per request.
    noAsyncTraces: true,
    // Credentials may be in rotation: refused twice is no reason to give up for good.
    ignoreAuthErrorAbort: true,
  };
}

function reportUnreachable(servers: string, reason: string, cause: unknown): MeshError {
  return new MeshError('MESH_NATS_UNAVAILABLE', `NATS cannot be reached at ${servers}: ${reason}.`, { cause });
}

function checkVersion(link: Link): void {
  const [major = 0, minor = 0] = link.serverVersion.split('.').map((part) => Number.parseInt(part, 10));
  const [leastMajor, leastMinor] = LEAST_VERSION;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw new MeshError('MESH_NATS_TOO_OLD', `NATS at ${link.serverUrl} is version ${link.serverVersion}.`);
}
