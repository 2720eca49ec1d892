/** Where NATS is, and as whom. At most one of `url` and `context`; default `nats://127.0.0.1:4222`. */
export interface NatsOptions {
  /** Shown by `nats server report connections`. */
  name: string;
  /** One server or a comma list; `nats://` or `tls://`, user and password or a token in front of the host where needed. */
  url?: string;
  /** A context of the `nats` CLI (`~/.config/nats/context/<name>.json`), read only; or the path of such a file. */
  context?: string;
  /** A credentials file; read anew at every connect, so it may be rotated. */
  credsFile?: string;
  /** Connecting for the first time: give up after this, in milliseconds. Default: try for ever. */
  connectTimeoutMs?: number;
  /** How long a publish may take, re-sends after a reconnect included, in milliseconds. Default 5,000. */
  publishTimeoutMs?: number;
  /** Three in a row without an answer mean that the connection is dead. Milliseconds, default 10,000. */
  pingIntervalMs?: number;
  /** Between attempts to connect again, in milliseconds. Default 500. */
  reconnectWaitMs?: number;
  /** How many publishes may be on their way unacknowledged; more wait their turn. Default 8,192. */
  mostUnackedPublishes?: number;
  /**
   * What is over the server's `max_payload` goes to an object store and travels as a reference; more than this is
   * refused. Bytes, default 16 MB.
   */
  maxClaimBytes?: number;
  /** Ends the attempts to connect for the first time. */
  signal?: AbortSignal;
  log?: NatsLog;
}

export interface NatsLog {
  debug?(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export const SILENT_LOG: NatsLog = { info() {}, warn() {}, error() {} };
