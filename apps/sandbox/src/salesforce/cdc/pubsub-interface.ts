import { fromJSON } from '@grpc/proto-loader';
import type { ServiceDefinition } from '@grpc/grpc-js';

const stringField = (id: number): { type: string; id: number } => ({ type: 'string', id });
const bytesField = (id: number): { type: string; id: number } => ({ type: 'bytes', id });

/**
 * The part of the Pub/Sub API that followers use, by the numbers of its public description. Publishing and managed
 * subscriptions are not here.
 */
const INTERFACE = {
  nested: {
    eventbus: {
      nested: {
        v1: {
          nested: {
            TopicRequest: { fields: { topicName: stringField(1) } },
            TopicInfo: {
              fields: {
                topicName: stringField(1),
                tenantGuid: stringField(2),
                canPublish: { type: 'bool', id: 3 },
                canSubscribe: { type: 'bool', id: 4 },
                schemaId: stringField(5),
                rpcId: stringField(6),
              },
            },
            SchemaRequest: { fields: { schemaId: stringField(1) } },
            SchemaInfo: { fields: { schemaJson: stringField(1), schemaId: stringField(2), rpcId: stringField(3) } },
            EventHeader: { fields: { key: stringField(1), value: bytesField(2) } },
            ProducerEvent: {
              fields: {
                id: stringField(1),
                schemaId: stringField(2),
                payload: bytesField(3),
                headers: { rule: 'repeated', type: 'EventHeader', id: 4 },
              },
            },
            ConsumerEvent: { fields: { event: { type: 'ProducerEvent', id: 1 }, replayId: bytesField(2) } },
            ReplayPreset: { values: { LATEST: 0, EARLIEST: 1, CUSTOM: 2 } },
            FetchRequest: {
              fields: {
                topicName: stringField(1),
                replayPreset: { type: 'ReplayPreset', id: 2 },
                replayId: bytesField(3),
                numRequested: { type: 'int32', id: 4 },
                authRefresh: stringField(5),
              },
            },
            FetchResponse: {
              fields: {
                events: { rule: 'repeated', type: 'ConsumerEvent', id: 1 },
                latestReplayId: bytesField(2),
                rpcId: stringField(3),
                pendingNumRequested: { type: 'int32', id: 4 },
              },
            },
            PubSub: {
              methods: {
                Subscribe: {
                  requestType: 'FetchRequest',
                  requestStream: true,
                  responseType: 'FetchResponse',
                  responseStream: true,
                },
                GetSchema: { requestType: 'SchemaRequest', responseType: 'SchemaInfo' },
                GetTopic: { requestType: 'TopicRequest', responseType: 'TopicInfo' },
              },
            },
          },
        },
      },
    },
  },
};

export const PUBSUB_SERVICE = fromJSON(INTERFACE as unknown as Parameters<typeof fromJSON>[0], { defaults: true })[
  'eventbus.v1.PubSub'
] as ServiceDefinition;

export const REPLAY_PRESETS = { latest: 0, earliest: 1, custom: 2 } as const;

export interface FetchRequest {
  topicName: string;
  replayPreset: number;
  replayId: Uint8Array;
  numRequested: number;
}

export interface FetchResponse {
  events: { event: { id: string; schemaId: string; payload: Buffer }; replayId: Buffer }[];
  latestReplayId: Buffer;
  rpcId: string;
  pendingNumRequested: number;
}

export interface TopicInfo {
  topicName: string;
  tenantGuid: string;
  canPublish: boolean;
  canSubscribe: boolean;
  schemaId: string;
  rpcId: string;
}

export interface SchemaInfo {
  schemaJson: string;
  schemaId: string;
  rpcId: string;
}
