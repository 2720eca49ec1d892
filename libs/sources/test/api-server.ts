import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface ApiCall {
  route: string;
  body: unknown;
  authorization: string | undefined;
  headers: IncomingHttpHeaders;
}

export interface ApiReply {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  /** Never answers. */
  hang?: boolean;
}

function readBody(text: string, type = ''): unknown {
  if (text === '') return undefined;
  return type.includes('form') ? Object.fromEntries(new URLSearchParams(text)) : (JSON.parse(text) as unknown);
}

/** Plays an API over HTTP: `POST /path` → what it answers. */
export interface ApiServer {
  url: string;
  calls: ApiCall[];
  routes: Record<string, (body: never) => ApiReply>;
  close(): Promise<void>;
}

export async function startApiServer(): Promise<ApiServer> {
  const calls: ApiCall[] = [];
  const routes: ApiServer['routes'] = {};
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const call = {
      route: `${request.method} ${request.url}`,
      body: readBody(text, request.headers['content-type']),
      authorization: request.headers.authorization,
      headers: request.headers,
    };
    calls.push(call);
    const {
      status = 200,
      headers = {},
      body,
      hang,
    } = routes[call.route]?.(call.body as never) ?? { status: 404, body: { category: 'OBJECT_NOT_FOUND' } };
    if (hang) return;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : JSON.stringify(body ?? {}));
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    routes,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
