import { randomUUID } from 'node:crypto';
import { Metadata, type status } from '@grpc/grpc-js';

/** As Salesforce ends a call: the gRPC status says little, the trailer `error-code` says what it is. */
export class PubsubError extends Error {
  override readonly name = 'PubsubError';
  readonly details: string;
  readonly metadata = new Metadata();

  constructor(
    readonly code: status,
    errorCode: string,
    message: string,
  ) {
    const rpcId = randomUUID();
    super(`${message} rpcId: ${rpcId}`);
    this.details = this.message;
    this.metadata.set('error-code', `sfdc.platform.eventbus.grpc.${errorCode}`);
    this.metadata.set('rpc-id', rpcId);
  }
}
