import { All, Controller, Inject, Param, Req, Res } from '@nestjs/common';
import { MeshError } from '@crm-mesh/contract';
import type { WebhookRequest } from '@crm-mesh/sdk';
import type { Logger } from '@crm-mesh/telemetry';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Connection, Connections } from '../connections/connections.js';
import type { Intake } from '../outbox/intake.js';
import type { Shown } from './access.js';
import { describeProblem } from './problem.js';
import { insist, NotVerified, receiveWebhook, type Received } from './receive-webhook.js';
import type { WebhookCounts } from './webhook-counts.js';

export const WEBHOOK_OPTIONS = Symbol('webhook options');

export interface WebhookOptions {
  connections: Connections;
  intake: Intake;
  log: Logger;
  counts: WebhookCounts;
  /** Epoch milliseconds. */
  now(): number;
}

/** The door: one path per connection. */
@Controller('webhooks')
export class WebhooksController {
  constructor(@Inject(WEBHOOK_OPTIONS) private readonly options: WebhookOptions) {}

  // A connection with a secret path has its address one segment further.
  @All([':tenant/:connection', ':tenant/:connection/:secret'])
  async handle(
    @Param() { tenant, connection: name, secret }: { tenant: string; connection: string; secret?: string },
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const connection = this.options.connections.find(tenant, name);
    if (!connection) throw new MeshError('MESH_CONNECTION_UNKNOWN', 'No such tenant and connection.');
    if (secret !== undefined && !connection.hasSecretPath)
      throw new MeshError('MESH_CONNECTION_UNKNOWN', 'The address of this connection ends before the last segment.');
    const webhook = toWebhookRequest(request);
    const shown = { secret, authorization: request.headers.authorization, address: request.ip };
    if (request.method === 'OPTIONS' && connection.source.handshake) {
      insist(connection.access(shown));
      const { status, headers } = connection.source.handshake(webhook, connection.context);
      await reply.status(status).headers(headers).send();
      return;
    }
    if (request.method !== 'POST') throw new MeshError('MESH_METHOD_NOT_ALLOWED', 'Webhooks are sent by POST.');
    const received = await this.receive(webhook, { connection, shown });
    const answer = connection.source.reply?.(webhook, connection.context);
    if (answer)
      await reply
        .status(answer.status ?? 200)
        .type(answer.contentType)
        .send(answer.body);
    else await reply.status(202).send({ accepted: received.notifications, duplicates: received.duplicates });
  }

  private async receive(webhook: WebhookRequest, from: { connection: Connection; shown: Shown }): Promise<Received> {
    const { intake, now, log, counts } = this.options;
    const { connection } = from;
    const startedAtMs = performance.now();
    const name = `${connection.tenant}/${connection.name}`;
    try {
      const received = await receiveWebhook(webhook, from, { intake, now });
      counts.countReceived(connection, received, now());
      const durationMs = Math.round(performance.now() - startedAtMs);
      log.debug({ connection: name, notifications: received.notifications, status: 202, durationMs }, 'webhook');
      return received;
    } catch (error) {
      const { code, status } = describeProblem(error).problem;
      counts.countRefused(connection, code);
      const failure = error instanceof NotVerified ? error.failure : undefined;
      log.warn({ connection: name, status, code, failure }, 'webhook');
      throw error;
    }
  }
}

function toWebhookRequest(request: FastifyRequest): WebhookRequest {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(request.headers))
    headers[name] = Array.isArray(value) ? value.join(', ') : value;
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return { method: request.method, url: request.raw.url ?? '/', headers, body };
}
