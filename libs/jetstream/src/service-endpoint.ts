import { MeshError } from '@crm-mesh/contract';
import { nanos, type Msg } from '@nats-io/transport-node';
import { decodePayload } from './control.js';

export type ControlHandler = (payload: unknown, subject: string) => Promise<unknown>;

/** One verb of a service, and what happened to it so far. */
export class ServiceEndpoint {
  /** Several instances share the requests; the usual name of the protocol. */
  readonly queueGroup = 'q';
  requests = 0;
  errors = 0;
  lastError = '';
  processingMs = 0;

  constructor(
    readonly name: string,
    readonly subject: string,
    private readonly handler: ControlHandler,
  ) {}

  async run(message: Msg): Promise<unknown> {
    return await this.handler(readControlPayload(message), message.subject);
  }

  count(tookMs: number, failure: MeshError | undefined): void {
    this.requests += 1;
    this.processingMs += tookMs;
    if (failure === undefined) return;
    this.errors += 1;
    this.lastError = `${failure.code}: ${failure.what}`;
  }
}

export function describeEndpoint({ name, subject, queueGroup }: ServiceEndpoint): object {
  return { name, subject, queue_group: queueGroup, metadata: {} };
}

export function describeEndpointStats(endpoint: ServiceEndpoint): object {
  const { name, subject, queueGroup, requests, errors, lastError, processingMs } = endpoint;
  return {
    name,
    subject,
    queue_group: queueGroup,
    num_requests: requests,
    num_errors: errors,
    last_error: lastError,
    processing_time: nanos(Math.round(processingMs)),
    average_processing_time: requests === 0 ? 0 : Math.round(nanos(processingMs) / requests),
  };
}

function readControlPayload(message: Msg): unknown {
  try {
    return decodePayload(message.data);
  } catch (cause) {
    throw new MeshError('MESH_CONTROL_INVALID', `The request to '${message.subject}' is no JSON.`, { cause });
  }
}
