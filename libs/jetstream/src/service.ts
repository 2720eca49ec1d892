import { performance } from 'node:perf_hooks';
import { MeshError } from '@crm-mesh/contract';
import { nuid, type Msg, type Subscription } from '@nats-io/transport-node';
import { encodeError, encodePayload, everySubject } from './control.js';
import type { Link } from './link.js';
import { linkOf, type Nats } from './nats.js';
import { flushLink } from './request.js';
import { describeEndpoint, describeEndpointStats, ServiceEndpoint, type ControlHandler } from './service-endpoint.js';
import { waitAtMost } from './wait.js';

/** What `nats service ls|info` shows. */
export interface ServiceFacts {
  name: string;
  /** A semantic version. */
  version: string;
  description: string;
  metadata: Record<string, string>;
}

export interface ServiceOptions extends ServiceFacts {
  /** What its errors call it: `host`. */
  app: string;
  /** Every instance answers on the subjects of {@link everySubject}, too. */
  answersEvery: boolean;
}

const TYPE_PREFIX = 'io.nats.micro.v1';
const STOP_WAIT_MS = 5_000;
const HEARD_WAIT_MS = 5_000;

/**
 * Answers requests to a subject, as a service of its own, until it is stopped. Several that serve it share the requests.
 * Whoever asks after it resolved is answered.
 */
export async function serveSubject(
  nats: Nats,
  subject: string,
  facts: ServiceFacts,
  handler: ControlHandler,
): Promise<Service> {
  const endpoint = new ServiceEndpoint(facts.name, subject, handler);
  const service = new Service(linkOf(nats), { ...facts, app: facts.name, answersEvery: false }, [endpoint]);
  await service.start();
  return service;
}

/** A NATS service as ADR-32 describes it: what `nats service ls|info|stats|ping` lists. */
export class Service {
  readonly #id = nuid.next();
  readonly #startedAt = new Date().toISOString();
  readonly #subscriptions: Subscription[] = [];
  readonly #running = new Set<Promise<void>>();

  /** @internal */
  constructor(
    private readonly link: Link,
    private readonly options: ServiceOptions,
    private readonly endpoints: readonly ServiceEndpoint[],
  ) {}

  /** Resolves when the server knows of it. Where that is away, it learns of it when it is back. */
  async start(): Promise<void> {
    for (const endpoint of this.endpoints) {
      const serve = (message: Msg): void => this.#serve(endpoint, message);
      this.#listen(endpoint.subject, serve, endpoint.queueGroup);
      if (this.options.answersEvery) this.#listen(everySubject(endpoint.subject), serve);
    }
    for (const [verb, describe] of Object.entries(this.#descriptions())) {
      const { name } = this.options;
      for (const suffix of ['', `.${name}`, `.${name}.${this.#id}`]) {
        this.#listen(`$SRV.${verb}${suffix}`, (message) => message.respond(JSON.stringify(describe())));
      }
    }
    await waitAtMost(flushLink(this.link), HEARD_WAIT_MS);
  }

  /** Takes no more requests; those under way are answered. */
  async stop(): Promise<void> {
    const { nc } = this.link;
    if (nc.isClosed()) return;
    await waitAtMost(Promise.all(this.#subscriptions.map((subscription) => subscription.drain())), STOP_WAIT_MS);
    await waitAtMost(Promise.all(this.#running), STOP_WAIT_MS);
    if (this.link.connected) await waitAtMost(nc.flush(), STOP_WAIT_MS);
  }

  #descriptions(): Record<string, () => object> {
    const { name, version, description, metadata } = this.options;
    const identity = { name, id: this.#id, version, metadata };
    const endpoints = this.endpoints.map(describeEndpoint);
    const started = this.#startedAt;
    return {
      PING: () => ({ type: `${TYPE_PREFIX}.ping_response`, ...identity }),
      INFO: () => ({ type: `${TYPE_PREFIX}.info_response`, ...identity, description, endpoints }),
      STATS: () => ({
        type: `${TYPE_PREFIX}.stats_response`,
        ...identity,
        started,
        endpoints: this.endpoints.map(describeEndpointStats),
      }),
    };
  }

  /** Nothing may be thrown in a callback: it would end the client's reader without a sign. */
  #listen(subject: string, take: (message: Msg) => void, queue?: string): void {
    const callback = (error: Error | null, message: Msg): void => {
      try {
        if (error !== null) throw error;
        take(message);
      } catch (err) {
        this.link.log.error({ err, subject }, 'a NATS service cannot serve');
      }
    };
    this.#subscriptions.push(this.link.nc.subscribe(subject, { queue, callback }));
  }

  #serve(endpoint: ServiceEndpoint, message: Msg): void {
    const serving = this.#answer(endpoint, message).finally(() => this.#running.delete(serving));
    this.#running.add(serving);
  }

  async #answer(endpoint: ServiceEndpoint, message: Msg): Promise<void> {
    const startedMs = performance.now();
    let failure: MeshError | undefined;
    try {
      message.respond(this.#checkSize(encodePayload(await endpoint.run(message))));
    } catch (error) {
      failure = this.#describe(endpoint, error);
      this.#refuse(message, failure);
    }
    endpoint.count(performance.now() - startedMs, failure);
  }

  #refuse(message: Msg, failure: MeshError): void {
    const { body, headers } = encodeError(failure);
    try {
      message.respond(body, { headers });
    } catch (err) {
      this.link.log.warn({ err, subject: message.subject }, 'a control request could not be answered');
    }
  }

  #checkSize(body: string): string {
    const bytes = Buffer.byteLength(body);
    const limit = this.link.maxPayloadBytes;
    if (bytes <= limit) return body;
    throw new MeshError('MESH_MESSAGE_TOO_LARGE', `The answer has ${bytes} bytes, the server takes ${limit}.`);
  }

  /** What nobody expected is for the log; its text may hold data that is not for the wire. */
  #describe({ name }: ServiceEndpoint, error: unknown): MeshError {
    if (error instanceof MeshError) return error;
    const { app } = this.options;
    this.link.log.error({ err: error, app, verb: name }, 'a control request failed');
    const kind = error instanceof Error ? error.name : 'an error';
    return new MeshError('MESH_CONTROL_FAILED', `The ${app} failed at '${name}' (${kind}).`, { cause: error });
  }
}
