import { loadPackageDefinition, Metadata, Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import type { ServiceClientConstructor } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { fileURLToPath } from 'node:url';
import type { EncodedEvent } from './encode-event.fixture.js';

/** The interface as Salesforce's Node client carries it: what we wrote down ourselves is not asked. */
const PROTO = new URL('../../../../../node_modules/salesforce-pubsub-api-client/pubsub_api.proto', import.meta.url);

interface FetchRequest {
  topic_name: string;
  replay_preset: string;
  replay_id: Buffer;
  num_requested: number;
}

type Call = ServerDuplexStream<FetchRequest, object>;

/** Plays the Pub/Sub API for one channel. */
export interface TestBus {
  endpoint: string;
  /** First requests of streams, in order. */
  starts: FetchRequest[];
  /** What callers showed. */
  metadata: Record<string, unknown>[];
  schemas: Map<string, string>;
  log: EncodedEvent[];
  /** The most that was under way at once. */
  maxOutstanding: number;
  push(...events: EncodedEvent[]): void;
  keepAlive(replayId: Buffer): void;
  /** Ends what is under way. */
  fail(code: number, errorCode: string): void;
  close(): void;
}

interface Reader {
  call: Call;
  position: number;
  outstanding: number;
}

export async function startBus(): Promise<TestBus> {
  const definition = loadPackageDefinition(
    loadSync(fileURLToPath(PROTO), { keepCase: true, enums: String, defaults: true }),
  );
  const { service } = (
    definition as unknown as Record<string, Record<string, Record<string, ServiceClientConstructor>>>
  ).eventbus!.v1!.PubSub!;
  const readers = new Set<Reader>();
  const server = new Server();

  const pump = (reader: Reader): void => {
    bus.maxOutstanding = Math.max(bus.maxOutstanding, reader.outstanding);
    while (reader.outstanding > 0 && reader.position < bus.log.length) {
      const size = Math.min(reader.outstanding, bus.log.length - reader.position, 30);
      const events = bus.log.slice(reader.position, (reader.position += size));
      reader.outstanding -= size;
      const sent = events.map(({ id, schemaId, payload, replayId }) => ({
        event: { id, schema_id: schemaId, payload },
        replay_id: replayId,
      }));
      reader.call.write({
        events: sent,
        latest_replay_id: events.at(-1)!.replayId,
        pending_num_requested: reader.outstanding,
      });
    }
  };

  const begin = (call: Call, request: FetchRequest): Reader | undefined => {
    bus.starts.push(request);
    bus.metadata.push(call.metadata.getMap());
    const found = bus.log.findIndex(({ replayId }) => replayId.equals(request.replay_id));
    if (request.replay_preset === 'CUSTOM' && found === -1) {
      end(call, 3, 'sfdc.platform.eventbus.grpc.subscription.fetch.replayid.corrupted');
      return undefined;
    }
    const starts: Record<string, number> = { LATEST: bus.log.length, EARLIEST: 0, CUSTOM: found + 1 };
    const reader = { call, position: starts[request.replay_preset]!, outstanding: 0 };
    readers.add(reader);
    return reader;
  };

  const end = (call: Call, code: number, errorCode: string): void => {
    const metadata = new Metadata();
    metadata.set('error-code', errorCode);
    call.emit('error', { code, details: 'free text, varies', metadata });
  };

  server.addService(service, {
    Subscribe: (call: Call) => {
      let reader: Reader | undefined;
      call.on('data', (request: FetchRequest) => {
        reader ??= begin(call, request);
        if (!reader) return;
        reader.outstanding += Math.min(request.num_requested, 100);
        pump(reader);
      });
      call.on('end', () => call.end());
      call.on('cancelled', () => reader && readers.delete(reader));
    },
    GetSchema: (
      { request }: { request: { schema_id: string } },
      answer: (error: object | null, info?: object) => void,
    ) => {
      const json = bus.schemas.get(request.schema_id);
      if (json === undefined) answer({ code: 5, details: 'no such schema' });
      else answer(null, { schema_json: json, schema_id: request.schema_id });
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });

  const bus: TestBus = {
    endpoint: `127.0.0.1:${port}`,
    starts: [],
    metadata: [],
    schemas: new Map(),
    log: [],
    maxOutstanding: 0,
    push: (...events) => {
      for (const event of events) bus.schemas.set(event.schemaId, event.schemaJson);
      bus.log.push(...events);
      readers.forEach(pump);
    },
    keepAlive: (replayId) =>
      readers.forEach(({ call, outstanding }) =>
        call.write({ events: [], latest_replay_id: replayId, pending_num_requested: outstanding }),
      ),
    fail: (code, errorCode) => readers.forEach(({ call }) => end(call, code, errorCode)),
    close: () => server.forceShutdown(),
  };
  return bus;
}
