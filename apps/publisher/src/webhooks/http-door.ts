import rateLimit from '@fastify/rate-limit';
import { MeshError } from '@crm-mesh/contract';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { answerClientError } from './client-error.js';
import { sendProblem } from './problem.filter.js';

export interface DoorOptions {
  maxBodyBytes: number;
  perConnectionPerSecond: number;
  /** Addresses and networks of the proxies that are believed about the sender's address. */
  trustProxy: readonly string[];
}

const PREFIX = '/webhooks/';
/** Who sends a body slower than this is cut off. */
const REQUEST_TIMEOUT_MS = 30_000;

export function createAdapter({ maxBodyBytes, trustProxy }: DoorOptions): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: maxBodyBytes,
    trustProxy: trustProxy.length > 0 ? [...trustProxy] : false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    clientErrorHandler: answerClientError,
    // Node would refuse it with an empty answer: `requireHost` does.
    http: { requireHostHeader: false },
    // What Fastify refuses before there is a route: a path that is no path.
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => sendProblem(reply, error),
  });
}

/** Before `app.init()`: bodies stay the bytes that were signed, and a connection has its rate. */
export async function prepareDoor(app: NestFastifyApplication, { perConnectionPerSecond }: DoorOptions): Promise<void> {
  const fastify = app.getHttpAdapter().getInstance();
  // Other expectations than 100-continue are ignored, as HTTP allows: Node would refuse them with an empty answer.
  fastify.server.on('checkExpectation', (request, reply) => fastify.server.emit('request', request, reply));
  fastify.addHook('onRequest', requireHost);
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  await fastify.register(rateLimit, {
    max: perConnectionPerSecond,
    timeWindow: 1_000,
    allowList: (request: FastifyRequest) => !request.routeOptions.url?.startsWith(PREFIX),
    // Not by the secret segment, of which each guess would have a rate of its own.
    keyGenerator: ({ params }: FastifyRequest) => JSON.stringify(params, ['tenant', 'connection']),
    errorResponseBuilder: () =>
      Object.assign(
        new MeshError('MESH_WEBHOOK_TOO_MANY', `More than ${perConnectionPerSecond} requests in a second.`),
        {
          statusCode: 429,
        },
      ),
  });
}

function requireHost({ raw }: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void {
  if (raw.headers.host !== undefined || raw.httpVersion === '1.0') done();
  else done(new MeshError('MESH_REQUEST_MALFORMED', 'The header Host is missing.'));
}
