import { MeshError } from '@crm-mesh/contract';
import type { ConsumerStatus } from '@crm-mesh/delivery';
import type { Nats } from '@crm-mesh/jetstream';
import { JetStreamStrategy } from '@crm-mesh/jetstream/nest';
import { createLogger, createMetrics, type Logger, type Metrics } from '@crm-mesh/telemetry';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { groupHandlers, type EventHandler } from './event-handlers.js';
import type { MeshOptions } from './mesh-options.js';
import { MeshSide } from './mesh-side.js';
import { MESH } from './mesh-transport.js';

/** When NATS is away the app starts without it after this; it is connected in the background. */
const START_WAIT_MS = 5_000;
const LEGAL_APP = /^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/;
/** Apps of the mesh itself: theirs are the requests that would be shared. */
const RESERVED = ['host', 'publisher', 'sandbox'];

/**
 * `@EventPattern` handlers consume the mesh on the delivery engine, `@MessagePattern` handlers answer requests to
 * `mesh.ctl.<app>.<verb>`; both on one NATS connection. Give it to `createMeshApp` or `connectMesh`.
 */
export class MeshStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = MESH;
  /** The engine tells of them. */
  override readonly propagatesEventHandlerErrors = true;
  readonly metrics: Metrics;
  readonly #log: Logger;
  readonly #control: JetStreamStrategy;
  /** By what stands beside the pattern, which is one object for all patterns of a handler. */
  readonly #handlers = new Map<object, EventHandler>();
  #names: ReadonlyMap<object, string> | undefined;
  #nats: Nats | undefined;
  #side: MeshSide | undefined;

  constructor(private readonly options: MeshOptions) {
    super();
    const { app, version = '0.0.0' } = options;
    checkApp(app);
    this.#log = options.log ?? createLogger({ app });
    this.metrics = options.metrics ?? createMetrics({ app });
    this.#control = new JetStreamStrategy({
      ...{ nats: () => this.#nats!, app, version },
      description: `The Nest app ${app}`,
    });
  }

  /** @internal For `createMeshApp` and `connectMesh`: without them errors would lose their class, and handlers have no names. */
  attach(names: ReadonlyMap<object, string>): void {
    this.#names = names;
  }

  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    if (!isEventHandler) return this.#control.addHandler(pattern, callback, isEventHandler, extras);
    const text = this.normalizePattern(pattern as string);
    const handler = this.#handlers.get(extras);
    if (handler) handler.patterns.push(text);
    else this.#handlers.set(extras, { name: text, patterns: [text], options: extras, run: callback });
    super.addHandler(`${text} of ${this.#handlers.size}`, callback, isEventHandler, extras);
  }

  /** Resolves when everything runs; or, when NATS is away, without it. */
  listen(callback: (error?: unknown) => void): void {
    void this.#startFor(callback);
  }

  /** Undefined when all is as it should be; for a health check. */
  whyNotReady(): string | undefined {
    return this.#side ? this.#side.whyNotReady() : 'the app does not listen yet';
  }

  /** How its consumers are doing. */
  consumers(): ConsumerStatus[] {
    return this.#side?.status() ?? [];
  }

  async close(): Promise<void> {
    const side = this.#side;
    this.#side = undefined;
    await side?.stopConsuming();
    await this.#control.close();
    await side?.close();
  }

  override on(event: string): never {
    throw new Error(`The mesh strategy has no event '${event}'; ask whyNotReady().`);
  }

  override unwrap(): never {
    throw new Error('The mesh strategy wraps nothing that is for others.');
  }

  async #startFor(callback: (error?: unknown) => void): Promise<void> {
    try {
      await this.#start();
      callback();
    } catch (error) {
      callback(error);
    }
  }

  async #start(): Promise<void> {
    const names = this.#names;
    if (!names) throw refuseUnattached();
    const handlers = [...this.#handlers].map(([extras, handler]) => ({
      ...handler,
      name: names.get(extras) ?? handler.name,
    }));
    const { app, store } = this.options;
    const consumers = groupHandlers(handlers, app);
    if (consumers.length > 0 && store === undefined) throw refuseStoreless(app);
    const side = new MeshSide(consumers, {
      ...{ ...this.options, log: this.#log, metrics: this.metrics },
      onConnected: (nats) => this.#serve(nats),
    });
    this.#side = side;
    await this.#openOrWait(side);
  }

  async #openOrWait(side: MeshSide): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        side.insist();
        this.#log.warn({ reason: side.whyNotReady() }, 'started without the mesh, which is waited for');
        resolve();
      }, START_WAIT_MS);
    });
    try {
      await Promise.race([side.open(), late]);
    } catch (error) {
      this.#side = undefined;
      await side.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #serve(nats: Nats): void {
    this.#nats = nats;
    this.#control.listen((error) => {
      if (error !== undefined) throw error;
    });
  }
}

function checkApp(app: string): void {
  if (LEGAL_APP.test(app) && !RESERVED.includes(app)) return;
  const what = RESERVED.includes(app) ? 'is one of the mesh itself' : 'is not allowed';
  throw new MeshError('MESH_HANDLER_INVALID', `MeshStrategy: app: "${app}" ${what}.`, {
    cure: 'Use 1 to 32 lower-case letters, digits and dashes, beginning with a letter.',
  });
}

function refuseStoreless(app: string): MeshError {
  return new MeshError(
    'MESH_HANDLER_INVALID',
    'MeshStrategy: store: is missing, and there are @EventPattern handlers.',
    {
      cure: `Write store: 'sqlite:${app}.db', or the address of a PostgreSQL database.`,
    },
  );
}

/** Without the filter that these set, Nest replaces every error by "Internal server error". */
function refuseUnattached(): MeshError {
  return new MeshError(
    'MESH_HANDLER_INVALID',
    'MeshStrategy: was given to Nest directly, where errors lose their class.',
    {
      cure: 'Start the app by createMeshApp(AppModule, mesh), or connectMesh(app, mesh) where it has HTTP too.',
    },
  );
}
