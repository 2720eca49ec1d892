import { randomUUID } from 'node:crypto';
import {
  Server,
  ServerCredentials,
  status,
  type Metadata,
  type sendUnaryData,
  type ServerDuplexStream,
  type ServerUnaryCall,
} from '@grpc/grpc-js';
import type { SalesforceKnobs } from '../knobs.js';
import type { FieldBook } from '../schema/field-book.js';
import type { EventCodec } from './event-codec.js';
import { readReplayId, type EventStream } from './event-stream.js';
import { PubsubError } from './pubsub-error.js';
import {
  PUBSUB_SERVICE,
  REPLAY_PRESETS,
  type FetchRequest,
  type FetchResponse,
  type SchemaInfo,
  type TopicInfo,
} from './pubsub-interface.js';
import { Subscription } from './subscription.js';

export interface PubsubServerOptions {
  book: FieldBook;
  codec: EventCodec;
  stream: EventStream;
  knobs(): SalesforceKnobs;
  organizationId: string;
  isValidToken(token: string): boolean;
}

type SubscribeCall = ServerDuplexStream<FetchRequest, FetchResponse>;

/** The two ways in which a follower's stream ends. */
interface Ends {
  fail(error: Error): void;
  finish(): void;
}

const LONGEST_SHUTDOWN_MS = 500;

/** Salesforce's Pub/Sub API, as far as change events are followed by it. */
export class PubsubServer {
  private readonly server = new Server();
  private readonly open = new Map<SubscribeCall, Ends>();

  constructor(private readonly options: PubsubServerOptions) {
    this.server.addService(PUBSUB_SERVICE, {
      GetTopic: this.handleUnary(({ topicName }: { topicName: string }) => this.describeTopic(topicName)),
      GetSchema: this.handleUnary(({ schemaId }: { schemaId: string }) => this.readSchema(schemaId)),
      Subscribe: (call: SubscribeCall) => this.subscribe(call),
    });
  }

  /** `host:port`. */
  async listen(at: { host: string; port: number; tls: { key: string; cert: string } | undefined }): Promise<string> {
    const { tls } = at;
    const credentials = tls
      ? ServerCredentials.createSsl(null, [{ private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.cert) }])
      : ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync(`${at.host}:${at.port}`, credentials, (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    return `${at.host}:${port}`;
  }

  /** Every follower is cut off, as by a failure of the service. */
  dropStreams(): void {
    for (const { fail } of this.open.values()) fail(unavailable());
  }

  /** Followers see their streams end, and no error. */
  async stop(): Promise<void> {
    for (const { finish } of this.open.values()) finish();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.server.forceShutdown();
        resolve();
      }, LONGEST_SHUTDOWN_MS);
      this.server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  private handleUnary<Request, Answer>(answer: (request: Request) => Answer) {
    return (call: ServerUnaryCall<Request, Answer>, reply: sendUnaryData<Answer>): void => {
      try {
        this.checkAccess(call.metadata);
        reply(null, answer(call.request));
      } catch (error) {
        reply(error as PubsubError);
      }
    };
  }

  private describeTopic(topicName: string): TopicInfo {
    const { entityName } = this.readTopic(topicName);
    return {
      topicName,
      tenantGuid: this.options.organizationId,
      canPublish: false,
      canSubscribe: true,
      // A channel of several objects has no schema of its own.
      schemaId: entityName === undefined ? '' : (this.options.codec.of(entityName)?.schemaId ?? ''),
      rpcId: randomUUID(),
    };
  }

  private readSchema(schemaId: string): SchemaInfo {
    const schemaJson = this.options.codec.findSchema(schemaId);
    if (schemaId === '' || schemaJson === undefined) {
      const why = schemaId === '' ? "The schema ID can't be blank." : 'The schema is not known.';
      throw new PubsubError(status.INVALID_ARGUMENT, 'schema.validation.failed', `Schema validation failed. ${why}`);
    }
    return { schemaJson, schemaId, rpcId: randomUUID() };
  }

  private subscribe(call: SubscribeCall): void {
    let subscription: Subscription | undefined;
    const close = (): void => {
      subscription?.close();
      this.open.delete(call);
    };
    const finish = (): void => {
      close();
      call.end();
    };
    const fail = (error: Error): void => {
      close();
      call.emit('error', error);
    };
    this.open.set(call, { fail, finish });
    call.on('data', (request: FetchRequest) => {
      try {
        subscription ??= this.openSubscription(call, request, fail);
        subscription.request(request);
      } catch (error) {
        fail(error as Error);
      }
    });
    call.on('end', finish);
    call.on('cancelled', close);
    call.on('error', close);
  }

  private openSubscription(call: SubscribeCall, request: FetchRequest, end: (error: Error) => void): Subscription {
    const { knobs, stream } = this.options;
    const present = knobs();
    if (present.streamFailNext > 0) {
      present.streamFailNext -= 1;
      throw unavailable();
    }
    const checkAccess = (): void => this.checkAccess(call.metadata);
    checkAccess();
    const { topicName } = request;
    const { isWanted } = this.readTopic(topicName);
    const after = this.findStart(request);
    return new Subscription({
      call,
      stream,
      topicName,
      isWanted,
      after,
      keepAliveMs: () => knobs().keepAliveMs,
      checkAccess,
      end,
    });
  }

  private findStart({ replayPreset, replayId }: FetchRequest): bigint {
    if (replayPreset === REPLAY_PRESETS.earliest) return 0n;
    if (replayPreset === REPLAY_PRESETS.latest) return this.options.stream.mark();
    const message = 'The Replay ID validation failed. Ensure that the Replay ID is valid.';
    if (replayId.length === 0)
      throw new PubsubError(status.INVALID_ARGUMENT, 'subscription.fetch.replayid.validation.failed', message);
    const read = readReplayId(replayId);
    if (read === undefined || !this.options.stream.knows(read))
      throw new PubsubError(status.INVALID_ARGUMENT, 'subscription.fetch.replayid.corrupted', message);
    return read;
  }

  /** One object's topic, or a channel of all of them. */
  private readTopic(topicName: string): { entityName?: string; isWanted(entityName: string): boolean } {
    if (topicName === '/data/ChangeEvents' || /^\/data\/\w+__chn$/.test(topicName)) return { isWanted: () => true };
    const entity = /^\/data\/(\w+)ChangeEvent$/.exec(topicName)?.[1];
    const object = entity === undefined ? undefined : this.options.book.find(entity);
    if (object?.type === undefined)
      throw new PubsubError(status.NOT_FOUND, 'topic.not.found', `The topic ${topicName} does not exist.`);
    return { entityName: object.name, isWanted: (entityName) => entityName === object.name };
  }

  private checkAccess(metadata: Metadata): void {
    const read = (name: string): string => String(metadata.get(name)[0] ?? '');
    const isTenant = read('tenantid').slice(0, 15) === this.options.organizationId.slice(0, 15);
    if (this.options.isValidToken(read('accesstoken')) && isTenant && read('instanceurl') !== '') return;
    const message = 'Authentication exception occurred. The session is expired or invalid.';
    throw new PubsubError(status.UNAUTHENTICATED, 'service.auth.error', message);
  }
}

function unavailable(): PubsubError {
  return new PubsubError(status.UNAVAILABLE, 'service.unavailable', 'The service is unavailable. Try again later.');
}
