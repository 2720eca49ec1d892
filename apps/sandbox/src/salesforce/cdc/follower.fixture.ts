import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  credentials,
  loadPackageDefinition,
  Metadata,
  type ClientDuplexStream,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import avsc from 'avsc';
import { afterEach, expect, vi } from 'vitest';
import { AVRO_LONG } from './avro-long.js';
import type { RunningSalesforce } from '../start-salesforce.js';

/** Salesforce's own description of the interface, as its client brings it along. */
const PROTO = join(createRequire(import.meta.url).resolve('salesforce-pubsub-api-client'), '../../pubsub_api.proto');
const { eventbus } = loadPackageDefinition(loadSync(PROTO)) as unknown as {
  eventbus: { v1: { PubSub: new (...args: unknown[]) => PubsubClient } };
};

type Unary<Request, Answer> = (
  request: Request,
  metadata: Metadata,
  reply: (error: ServiceError | null, answer: Answer) => void,
) => void;

interface PubsubClient {
  Subscribe(metadata: Metadata): ClientDuplexStream<object, Response>;
  GetTopic: Unary<{ topicName: string }, { schemaId: string; canSubscribe: boolean }>;
  GetSchema: Unary<{ schemaId: string }, { schemaJson: string }>;
  close(): void;
}

interface Response {
  events?: { event: { id: string; schemaId: string; payload: Buffer }; replayId: Buffer }[];
  latestReplayId: Buffer;
  pendingNumRequested?: number;
}

export interface Followed {
  id: string;
  replayId: Buffer;
  header: {
    entityName: string;
    changeType: string;
    recordIds: string[];
    transactionKey: string;
    sequenceNumber: number;
    changeOrigin: string;
    commitNumber: bigint;
    commitUser: string;
    changedFields: string[];
    nulledFields: string[];
  };
  fields: Record<string, unknown>;
}

export interface Follower {
  events: Followed[];
  /** Latest replay ids of empty answers. */
  signsOfLife: Buffer[];
  /** Undelivered of what was asked for, after the last answer. */
  pending: number;
  error: ServiceError | undefined;
  ask(numRequested: number): void;
  /** Resolves when there are so many. */
  wait(count: number): Promise<Followed[]>;
}

const closers: (() => void)[] = [];
afterEach(() => closers.splice(0).forEach((close) => close()));

export function connect(
  org: RunningSalesforce,
  accessToken = org.accessToken,
): { client: PubsubClient; metadata: Metadata } {
  const client = new eventbus.v1.PubSub(org.pubsubUrl, credentials.createInsecure());
  closers.push(() => client.close());
  const metadata = new Metadata();
  for (const [name, value] of Object.entries({
    accesstoken: accessToken,
    instanceurl: org.url,
    tenantid: org.organizationId,
  }))
    metadata.set(name, value);
  return { client, metadata };
}

/** Follows without any library of Salesforce's; the first request is `start`. */
export function follow(org: RunningSalesforce, start: object, accessToken?: string): Follower {
  const { client, metadata } = connect(org, accessToken);
  const call = client.Subscribe(metadata);
  const follower: Follower = {
    events: [],
    signsOfLife: [],
    pending: 0,
    error: undefined,
    ask: (numRequested) => void call.write({ numRequested }),
    wait: async (count) => {
      await vi.waitFor(() => expect(follower.events.length).toBeGreaterThanOrEqual(count), {
        timeout: 5_000,
        interval: 5,
      });
      return follower.events;
    },
  };
  const types = new Map<string, avsc.Type>();
  const read = async ({ events, latestReplayId, pendingNumRequested = 0 }: Response): Promise<void> => {
    follower.pending = pendingNumRequested;
    if (!events) follower.signsOfLife.push(latestReplayId);
    for (const { event, replayId } of events ?? []) {
      const type = types.get(event.schemaId) ?? (await fetchType({ client, metadata }, event.schemaId));
      types.set(event.schemaId, type);
      const { ChangeEventHeader: header, ...fields } = type.fromBuffer(event.payload) as Record<string, unknown>;
      follower.events.push({ id: event.id, replayId, header: header as Followed['header'], fields });
    }
  };
  // One after the other: a schema must be there before what it reads.
  let reading = Promise.resolve();
  call.on('data', (response: Response) => (reading = reading.then(() => read(response))));
  call.on('error', (error: ServiceError) => (follower.error = error));
  call.write(start);
  return follower;
}

export async function fetchSchema({ client, metadata }: ReturnType<typeof connect>, schemaId: string): Promise<string> {
  return new Promise((resolve, reject) => {
    client.GetSchema({ schemaId }, metadata, (error, answer) => (error ? reject(error) : resolve(answer.schemaJson)));
  });
}

async function fetchType(at: ReturnType<typeof connect>, schemaId: string): Promise<avsc.Type> {
  return avsc.Type.forSchema(JSON.parse(await fetchSchema(at, schemaId)) as avsc.Schema, {
    registry: { long: AVRO_LONG },
  });
}
