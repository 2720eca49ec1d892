import { fromJSON, type ServiceDefinition } from '@grpc/proto-loader';

/**
 * What we use of Salesforce's Pub/Sub API, version 1, as its numbers on the wire are published.
 * @see https://developer.salesforce.com/docs/platform/pub-sub-api/references/methods/subscribe-rpc.html
 */
const MESSAGES = {
  ReplayPreset: { values: { LATEST: 0, EARLIEST: 1, CUSTOM: 2 } },
  FetchRequest: {
    fields: {
      topic_name: { type: 'string', id: 1 },
      replay_preset: { type: 'ReplayPreset', id: 2 },
      replay_id: { type: 'bytes', id: 3 },
      num_requested: { type: 'int32', id: 4 },
    },
  },
  ProducerEvent: {
    fields: {
      id: { type: 'string', id: 1 },
      schema_id: { type: 'string', id: 2 },
      payload: { type: 'bytes', id: 3 },
    },
  },
  ConsumerEvent: {
    fields: { event: { type: 'ProducerEvent', id: 1 }, replay_id: { type: 'bytes', id: 2 } },
  },
  FetchResponse: {
    fields: {
      events: { rule: 'repeated', type: 'ConsumerEvent', id: 1 },
      latest_replay_id: { type: 'bytes', id: 2 },
      rpc_id: { type: 'string', id: 3 },
      pending_num_requested: { type: 'int32', id: 4 },
    },
  },
  SchemaRequest: { fields: { schema_id: { type: 'string', id: 1 } } },
  SchemaInfo: {
    fields: { schema_json: { type: 'string', id: 1 }, schema_id: { type: 'string', id: 2 } },
  },
};

const SERVICE = {
  methods: {
    Subscribe: {
      requestType: 'FetchRequest',
      requestStream: true,
      responseType: 'FetchResponse',
      responseStream: true,
      comment: '',
    },
    GetSchema: { requestType: 'SchemaRequest', responseType: 'SchemaInfo', comment: '' },
  },
};

const definitions = fromJSON(
  { nested: { eventbus: { nested: { v1: { nested: { ...MESSAGES, PubSub: SERVICE } } } } } },
  { keepCase: true, enums: String, defaults: true },
);

/** How its methods are called and their messages written. */
export const PUB_SUB = definitions['eventbus.v1.PubSub'] as ServiceDefinition;

/** Where a stream begins, in its first request; how many events more are wanted, in each. */
export interface FetchRequest {
  topic_name?: string;
  replay_preset?: 'LATEST' | 'EARLIEST' | 'CUSTOM';
  replay_id?: Uint8Array;
  num_requested: number;
}

/** An event as it lies on the bus: Avro, by the schema of that id. */
export interface BusEvent {
  event: { id: string; schema_id: string; payload: Buffer };
  replay_id: Buffer;
}

export interface FetchResponse {
  events: BusEvent[];
  latest_replay_id: Buffer;
  /** Events that were asked for and are not delivered yet. */
  pending_num_requested: number;
}

export interface SchemaInfo {
  schema_json: string;
}
