import { MeshError } from '@crm-mesh/contract';
import { BaseRpcContext, Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { lastValueFrom } from 'rxjs';
import { linkOf, type Nats } from './nats.js';
import { controlSubject } from './control.js';
import { Service } from './service.js';
import { ServiceEndpoint, type ControlHandler } from './service-endpoint.js';

export interface JetStreamStrategyOptions {
  /** `host`, `publisher` …: the token of `mesh.ctl.<app>.<verb>`. The service is listed as `mesh-<app>`. */
  app: string;
  /** A semantic version, shown by `nats service ls`. */
  version: string;
  description?: string;
  /** The app's own; the strategy never closes it. A function is asked when the strategy begins to listen. */
  nats: Nats | (() => Nats);
}

/** What a handler may take as `@Ctx()`. */
export class ControlContext extends BaseRpcContext<[string]> {
  /** The subject of the request. */
  get subject(): string {
    return this.getArgByIndex(0) as string;
  }
}

const LEGAL_VERB = /^[a-zA-Z][\w-]*$/;

/**
 * `@MessagePattern('status')` handlers answer requests to `mesh.ctl.<app>.status` as one NATS service. Use it with
 * {@link connectControl} or with {@link ControlErrorFilter}: without the filter Nest replaces every error that a handler
 * throws by "Internal server error".
 */
export class JetStreamStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = Symbol('crm-mesh');
  #service: Service | undefined;

  constructor(private readonly options: JetStreamStrategyOptions) {
    super();
  }

  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    const verb = this.normalizePattern(pattern as string);
    if (isEventHandler) {
      throw new MeshError(
        'MESH_CONTROL_INVALID',
        `@EventPattern('${verb}') cannot be served: the strategy answers requests only.`,
        {
          cure: 'Follow events with a plugin (definePlugin of @crm-mesh/sdk), or with MeshStrategy of @crm-mesh/nest.',
        },
      );
    }
    if (!LEGAL_VERB.test(verb)) {
      throw new MeshError('MESH_CONTROL_INVALID', `@MessagePattern(${JSON.stringify(verb)}) is no verb.`, {
        cure: 'Name it by one word of letters, digits and hyphens, like status.',
      });
    }
    if (this.messageHandlers.has(verb)) {
      throw new MeshError('MESH_CONTROL_INVALID', `@MessagePattern('${verb}') stands on two handlers.`, {
        cure: 'Rename or remove one of them.',
      });
    }
    super.addHandler(verb, callback, isEventHandler, extras);
  }

  listen(callback: (error?: unknown) => void): void {
    try {
      const { nats, app, version, description = `The ${app} of the CRM mesh` } = this.options;
      const own = typeof nats === 'function' ? nats() : nats;
      const facts = { name: `mesh-${app}`, app, version, description, metadata: { app }, answersEvery: true };
      const endpoints = [...this.#controlHandlers()].map(
        ([verb, handler]) => new ServiceEndpoint(verb, controlSubject(app, verb), handler),
      );
      this.#service = new Service(linkOf(own), facts, endpoints);
      const heard = this.#service.start();
      void (async () => callback(await heard))();
    } catch (error) {
      callback(error);
    }
  }

  async close(): Promise<void> {
    await this.#service?.stop();
    this.#service = undefined;
  }

  override on(event: string): never {
    throw new Error(`The JetStream strategy has no event '${event}'; use nats.onReconnect().`);
  }

  override unwrap(): never {
    throw new Error('The JetStream strategy wraps nothing: use the Nats that it was given.');
  }

  #controlHandlers(): Map<string, ControlHandler> {
    const handlers = new Map<string, ControlHandler>();
    for (const [verb, handler] of this.messageHandlers) {
      handlers.set(verb, (payload, subject) => this.#run(handler, payload, subject));
    }
    return handlers;
  }

  /** A handler that throws becomes a *resolved* promise of an Observable that errors: only awaiting its value shows it. */
  async #run(handler: MessageHandler, payload: unknown, subject: string): Promise<unknown> {
    const result = handler(payload, new ControlContext([subject]));
    try {
      return await lastValueFrom(this.transformToObservable(result), { defaultValue: undefined });
    } catch (error) {
      throw describeRefusal(error) ?? error;
    }
  }
}

/** What Nest's own pipes and guards throw says what is wrong with the request. */
function describeRefusal(error: unknown): MeshError | undefined {
  if (!(error instanceof Error) || !('getStatus' in error) || typeof error.getStatus !== 'function') return undefined;
  const status: unknown = error.getStatus();
  if (typeof status !== 'number' || status < 400 || status >= 500) return undefined;
  return new MeshError('MESH_CONTROL_INVALID', `The request was refused: ${readReasons(error)}.`, { cause: error });
}

function readReasons(error: Error): string {
  const response: unknown =
    'getResponse' in error && typeof error.getResponse === 'function' ? error.getResponse() : undefined;
  const message: unknown =
    typeof response === 'object' && response !== null && 'message' in response ? response.message : undefined;
  return Array.isArray(message) ? message.join('; ') : error.message;
}
