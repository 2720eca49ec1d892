import { Client, credentials, Metadata, type ClientDuplexStream } from '@grpc/grpc-js';
import type { SalesforceStream } from '../config.js';
import { PUB_SUB, type FetchRequest, type FetchResponse, type SchemaInfo } from './interface.js';

/** How long a schema may take. */
const SCHEMA_TIMEOUT_MS = 30_000;

export type FetchStream = ClientDuplexStream<FetchRequest, FetchResponse>;

/** A connection to the Pub/Sub API, with the session that the REST API's client got. */
export class PubSubClient {
  private readonly client: Client;
  private readonly metadata = new Metadata();

  constructor(
    { endpoint, tls }: SalesforceStream,
    session: { accessToken: string; instanceUrl: string; tenantId: string },
  ) {
    this.client = new Client(endpoint, tls ? credentials.createSsl() : credentials.createInsecure());
    this.metadata.set('accesstoken', session.accessToken);
    this.metadata.set('instanceurl', session.instanceUrl);
    this.metadata.set('tenantid', session.tenantId);
  }

  subscribe(): FetchStream {
    const { path, requestSerialize, responseDeserialize } = PUB_SUB.Subscribe!;
    return this.client.makeBidiStreamRequest(
      path,
      requestSerialize as (request: FetchRequest) => Buffer,
      responseDeserialize as unknown as (bytes: Buffer) => FetchResponse,
      this.metadata,
    );
  }

  readSchema(id: string): Promise<string> {
    const { path, requestSerialize, responseDeserialize } = PUB_SUB.GetSchema!;
    return new Promise((resolve, reject) => {
      this.client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize as unknown as (bytes: Buffer) => SchemaInfo,
        { schema_id: id },
        this.metadata,
        { deadline: Date.now() + SCHEMA_TIMEOUT_MS },
        (error, info) => (info ? resolve(info.schema_json) : reject(error ?? new Error('no schema'))),
      );
    });
  }

  close(): void {
    this.client.close();
  }
}
