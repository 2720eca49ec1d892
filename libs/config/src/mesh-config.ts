import 'reflect-metadata';
import { IsArray, IsInt, IsNotEmpty, IsObject, IsString, IsUrl, Matches, Max, Min } from 'class-validator';
import { AccessConfig, Networks } from './access-config.js';
import { Bytes, Duration, Key, NumericText, Optional } from './config-key.js';
import { PollConfig } from './poll-config.js';
import { ReconcileConfig } from './reconcile-config.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const WEB_ADDRESS = { protocols: ['http', 'https'], require_tld: false, require_protocol: true };
const STORE_ADDRESS = /^(sqlite:.+|postgres(ql)?:\/\/.+)$/;
const STORE_MESSAGE = 'must be sqlite:<file> or postgres://…';

export class NatsConfig {
  @Key({
    type: 'address',
    meaning:
      'Server or servers (comma between). NATS_URL overrides it; `mesh up` starts a server of its own unless one of the two is set.',
  })
  @Optional()
  @IsString()
  @Matches(/^(nats|tls|wss?):\/\//, { message: 'must begin with nats://, tls://, ws:// or wss://' })
  url?: string;

  @Key({
    type: 'name',
    meaning: 'A context of the `nats` CLI, instead of `url`; read, never written. NATS_CONTEXT overrides it.',
  })
  @Optional()
  @IsString()
  @IsNotEmpty()
  context?: string;

  @Key({ type: 'file', meaning: 'Credentials file (`.creds`).' })
  @Optional()
  @IsString()
  @IsNotEmpty()
  creds?: string;

  @Key({
    type: 'bytes',
    meaning:
      "A notification or event over the server's `max_payload` goes to an object store and travels as a reference; one over this is refused.",
    default: '16mb',
  })
  @Bytes()
  maxClaimBytes: number = 16 * 1_024 * 1_024;
}

export class RateLimitConfig {
  @Key({ type: 'number', meaning: 'Requests a second that one connection may send; more get 429.' })
  @NumericText()
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  perConnectionPerSecond: number = 200;
}

export class HttpConfig {
  @Key({
    type: 'address',
    meaning: 'The address that CRMs were told, without path: signatures cover it. Needed behind a proxy.',
    default: 'the address of the request',
  })
  @Optional()
  @IsUrl(WEB_ADDRESS, { message: 'must be an http:// or https:// address' })
  publicUrl?: string;

  @Key({ type: 'bytes', meaning: 'A larger webhook gets 413.', default: '2mb' })
  @Bytes()
  maxBodyBytes: number = 2 * 1_024 * 1_024;

  @Key({
    type: 'list of networks',
    meaning:
      'The proxies in front of the door: from them, and only from them, `X-Forwarded-For` says who sends. Needed for `access.allow` behind a proxy.',
    default: 'none',
  })
  @Networks()
  trustProxy: string[] = [];

  @Key({ type: 'object', meaning: 'Limits on requests.', nested: RateLimitConfig })
  rateLimit: RateLimitConfig = new RateLimitConfig();
}

export class StoreConfig {
  @Key({
    type: 'address',
    meaning: "The publisher's database: sqlite:<file> or postgres://….",
    default: 'sqlite:publisher.db in the data folder',
  })
  @Optional()
  @Matches(STORE_ADDRESS, { message: STORE_MESSAGE })
  publisher!: string;

  @Key({ type: 'address', meaning: "The host's database.", default: 'sqlite:host.db in the data folder' })
  @Optional()
  @Matches(STORE_ADDRESS, { message: STORE_MESSAGE })
  host!: string;
}

export class OutboxConfig {
  @Key({ type: 'number', meaning: 'So many notifications wait in it at most; more webhooks get 503.' })
  @NumericText()
  @IsInt()
  @Min(0)
  maxMessages: number = 500_000;

  @Key({ type: 'bytes', meaning: 'So large it grows at most; more webhooks get 503.', default: '1gb' })
  @Bytes()
  maxBytes: number = 1_024 ** 3;
}

export class InboxConfig {
  @Key({
    type: 'duration',
    meaning:
      'How long what plugins have done is remembered, with their receipts: so long a replay knows it. What the server may deliver again is never forgotten.',
    default: '7d',
  })
  @Duration()
  @Min(HOUR_MS, { message: 'must be 1h or more' })
  retention: number = 7 * DAY_MS;
}

/** Used when the stream is made; an existing stream is the operator's. */
export class StreamConfig {
  @Key({
    type: 'duration',
    meaning: 'How long messages are kept; 0: no limit.',
    default: '400d for CRM_EVENTS / CRM_DIRECT / CRM_COMMANDS, 90d for CRM_ADVISORIES, else 0',
  })
  @Optional()
  @Duration()
  maxAge?: number;

  @Key({ type: 'bytes', meaning: 'How large the stream may grow; 0: no limit.', default: '0' })
  @Optional()
  @Bytes()
  maxBytes?: number;

  @Key({ type: 'number', meaning: 'Copies in a cluster: 1, 3 or 5.', default: '1' })
  @Optional()
  @NumericText()
  @IsInt()
  @Min(1)
  @Max(5)
  replicas?: number;
}

function createEventsConfig(): StreamConfig {
  return Object.assign(new StreamConfig(), { maxAge: 400 * DAY_MS });
}

export class StreamsConfig {
  @Key({
    type: 'object',
    meaning: 'Notifications as received. `maxAge` would forget what was answered 2xx: leave it at 0.',
    nested: StreamConfig,
  })
  CRM_RAW: StreamConfig = new StreamConfig();

  @Key({ type: 'object', meaning: 'Canonical events.', nested: StreamConfig })
  CRM_EVENTS: StreamConfig = createEventsConfig();

  @Key({ type: 'object', meaning: 'Redrives and replays to one consumer.', nested: StreamConfig })
  CRM_DIRECT: StreamConfig = new StreamConfig();

  @Key({ type: 'object', meaning: 'Write-back to CRMs.', nested: StreamConfig })
  CRM_COMMANDS: StreamConfig = new StreamConfig();

  @Key({ type: 'object', meaning: 'Open dead letters.', nested: StreamConfig })
  CRM_DEAD: StreamConfig = new StreamConfig();

  @Key({ type: 'object', meaning: 'What people and repairs did.', nested: StreamConfig })
  CRM_AUDIT: StreamConfig = new StreamConfig();

  @Key({ type: 'object', meaning: "The server's advisories about our consumers.", nested: StreamConfig })
  CRM_ADVISORIES: StreamConfig = new StreamConfig();
}

export class ConnectionConfig {
  @Key({ type: 'name', meaning: 'Whose account it is.' })
  @IsString()
  @IsNotEmpty()
  tenant!: string;

  @Key({
    type: 'name',
    meaning: 'Unique in the tenant; part of the webhook address and of every subject.',
    default: 'the name of the source',
  })
  @Optional()
  @IsString()
  @IsNotEmpty()
  name!: string;

  @Key({
    type: 'name',
    meaning: 'Which source speaks with it: hubspot, cloudevents, standard-webhooks, hmac, json-poller.',
  })
  @IsString()
  @IsNotEmpty()
  source!: string;

  @Key({
    type: 'object',
    meaning: 'What its webhooks must show besides their signature, or instead of one.',
    nested: AccessConfig,
  })
  @Optional()
  access?: AccessConfig;

  @Key({ type: 'object', meaning: "The source's own settings: secrets, mapping." })
  @IsObject()
  config: Record<string, unknown> = {};

  @Key({
    type: 'object',
    meaning: 'What its records map otherwise: `entities`, `currency`, `moneyUnit`, `file` (docs/map-records.md).',
  })
  @Optional()
  @IsObject()
  mapping?: Record<string, unknown>;

  @Key({
    type: 'object',
    meaning: 'Asks the CRM what changed, beside its webhooks or instead of them. Absent: it is not polled.',
    nested: PollConfig,
  })
  @Optional()
  poll?: PollConfig;

  @Key({
    type: 'object',
    meaning:
      'Compares the CRM with the mesh by itself (docs/reconciliation.md). Absent: only when somebody asks for it.',
    nested: ReconcileConfig,
  })
  @Optional()
  reconcile?: ReconcileConfig;
}

/** The whole of mesh.yaml. */
export class MeshConfig {
  @Key({ type: 'object', meaning: 'Where NATS is.', nested: NatsConfig })
  nats: NatsConfig = new NatsConfig();

  @Key({ type: 'object', meaning: 'The webhook door.', nested: HttpConfig })
  http: HttpConfig = new HttpConfig();

  @Key({ type: 'object', meaning: 'Databases, one for each app.', nested: StoreConfig })
  store: StoreConfig = new StoreConfig();

  @Key({
    type: 'object',
    meaning: "Keeps, in the publisher's database, what was answered 2xx while JetStream did not take it.",
    nested: OutboxConfig,
  })
  outbox: OutboxConfig = new OutboxConfig();

  @Key({ type: 'object', meaning: 'What plugins have done.', nested: InboxConfig })
  inbox: InboxConfig = new InboxConfig();

  @Key({
    type: 'object',
    meaning: 'Limits for streams that are made at start; existing streams are left alone.',
    nested: StreamsConfig,
  })
  streams: StreamsConfig = new StreamsConfig();

  @Key({ type: 'list of folders', meaning: 'Where plugins are dropped in; relative to this file.' })
  @IsArray()
  @IsString({ each: true })
  @IsNotEmpty({ each: true })
  pluginFolders: string[] = ['plugins'];

  @Key({ type: 'list', meaning: 'The CRM accounts.', nested: ConnectionConfig, list: true })
  @IsArray()
  connections: ConnectionConfig[] = [];

  @Key({
    type: 'map',
    meaning:
      "By plugin name: the plugin's own settings. `enabled: false` switches it off, `delivery:` overrides its delivery options, `reconcile:` compares it with the mesh by itself (keys as in `connections[].reconcile`).",
  })
  @IsObject()
  plugins: Record<string, Record<string, unknown>> = {};
}
