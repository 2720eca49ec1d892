import { MeshError } from '@crm-mesh/contract';
import { jetstream, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection, ServerInfo, Status } from '@nats-io/transport-node';
import type { NatsLog } from './nats-options.js';
import { Publisher } from './publish.js';
import { TurnWriter } from './turn-writer.js';
import { waitAtMost } from './wait.js';
import type { ServerAddress } from './server-urls.js';

const DEFAULT_API_PREFIX = '$JS.API';
const API_TIMEOUT_MS = 5_000;
const FLUSH_WAIT_MS = 2_000;

export interface LinkOptions {
  address: ServerAddress;
  publishTimeoutMs: number;
  mostUnackedPublishes: number | undefined;
  maxClaimBytes: number;
  log: NatsLog;
}

/** The connection and what is known of it; the client itself forgets the server's facts while it is disconnected. */
export class Link {
  readonly log: NatsLog;
  readonly apiPrefix: string;
  readonly publisher: Publisher;
  readonly turn = new TurnWriter();
  readonly jetstream: JetStreamClient;
  /** Assigned right after connecting, before anybody else sees the link. */
  jsm!: JetStreamManager;
  readonly #reconnectListeners = new Set<() => void>();
  readonly #closeListeners = new Set<() => void>();
  #connected = true;
  #closing = false;
  #info: ServerInfo;

  constructor(
    readonly nc: NatsConnection,
    private readonly options: LinkOptions,
  ) {
    const { address, log, publishTimeoutMs } = options;
    this.log = log;
    this.#info = nc.info!;
    this.apiPrefix = address.jetstreamPrefix ?? DEFAULT_API_PREFIX;
    this.jetstream = jetstream(nc, this.apiOptions());
    this.publisher = new Publisher(nc, {
      timeoutMs: publishTimeoutMs,
      inboxPrefix: address.inboxPrefix,
      log,
      isConnected: () => this.connected,
      maxPayloadBytes: () => this.maxPayloadBytes,
      turn: this.turn,
      mostUnacked: options.mostUnackedPublishes,
    });
    void this.#followStatus();
    void nc.closed().then((error) => this.#end(error));
  }

  get connected(): boolean {
    return this.#connected && !this.#closing;
  }

  /** For good: by us, or because the client gave up. */
  get closed(): boolean {
    return this.#closing;
  }

  get inboxPrefix(): string | undefined {
    return this.options.address.inboxPrefix;
  }

  get maxPayloadBytes(): number {
    return (this.nc.info ?? this.#info).max_payload;
  }

  /** What the object store is given at most. */
  get maxClaimBytes(): number {
    return this.options.maxClaimBytes;
  }

  get serverUrl(): string {
    return `nats://${this.nc.getServer()}`;
  }

  get serverVersion(): string {
    return this.#info.version;
  }

  /** Fresh ones for each use: the client changes what it is given. */
  apiOptions(): { apiPrefix: string; timeout: number } {
    return { apiPrefix: this.apiPrefix, timeout: API_TIMEOUT_MS };
  }

  onReconnect(listener: () => void): () => void {
    this.#reconnectListeners.add(listener);
    return () => this.#reconnectListeners.delete(listener);
  }

  onClose(listener: () => void): () => void {
    this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  /** Resolves when connected; rejects when that takes longer. */
  async waitUntilConnected(timeoutMs: number): Promise<void> {
    if (this.connected) return;
    if (this.#closing) throw new MeshError('MESH_NATS_NO_ANSWER', 'The NATS connection is closed.');
    let stop = (): void => undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        stop = this.onReconnect(resolve);
        const error = new MeshError('MESH_NATS_NO_ANSWER', `NATS at ${this.serverUrl} is not connected.`);
        timer = setTimeout(() => reject(error), timeoutMs);
      });
    } finally {
      stop();
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    if (this.#closing) return void (await this.nc.closed());
    this.turn.flush();
    if (this.#connected) await waitAtMost(this.nc.flush(), FLUSH_WAIT_MS);
    this.#closing = true;
    this.publisher.close();
    this.#call(this.#closeListeners);
    await this.nc.close();
  }

  async #followStatus(): Promise<void> {
    for await (const status of this.nc.status()) {
      try {
        this.#takeStatus(status);
      } catch (err) {
        this.log.error({ err }, 'a listener of the NATS connection failed');
      }
    }
  }

  #takeStatus(status: Status): void {
    const server = this.serverUrl;
    const { type } = status;
    if (type === 'disconnect') {
      this.#connected = false;
      if (!this.#closing) this.log.warn({ server }, 'NATS is disconnected; trying again');
    } else if (type === 'reconnect') this.#resume();
    else if (type === 'error') {
      this.publisher.refuseForbidden(status.error);
      this.log.warn({ server, reason: status.error.message }, 'the NATS server reports an error');
    } else if (type === 'staleConnection') {
      this.log.warn({ server }, 'the NATS server does not answer pings; connecting anew');
    } else if (type === 'ldm')
      this.log.info({ server }, 'the NATS server is about to shut down and asks clients to move');
  }

  #resume(): void {
    this.#info = this.nc.info ?? this.#info;
    this.publisher.resend();
    this.#connected = true;
    this.log.info({ server: this.serverUrl, version: this.serverVersion }, 'NATS is connected again');
    this.#call(this.#reconnectListeners);
  }

  #call(listeners: ReadonlySet<() => void>): void {
    for (const listener of listeners) {
      try {
        listener();
      } catch (err) {
        this.log.error({ err }, 'a listener of the NATS connection failed');
      }
    }
  }

  #end(error: void | Error): void {
    this.#connected = false;
    if (this.#closing) return;
    this.#closing = true;
    this.publisher.close();
    this.#call(this.#closeListeners);
    this.log.error({ reason: error?.message ?? 'unknown' }, 'the NATS connection is closed for good');
  }
}
