import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { MeshError, type MeshErrorCode } from '@crm-mesh/contract';
import { describeProblem } from './problem.js';

interface Refusal {
  status: number;
  code: MeshErrorCode;
  what: string;
}

const MALFORMED: Refusal = { status: 400, code: 'MESH_REQUEST_MALFORMED', what: 'This is no HTTP/1.1 request.' };
const REFUSALS: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: {
    ...{ status: 408, code: 'MESH_REQUEST_MALFORMED' },
    what: 'The request did not come whole in the time that it has.',
  },
  HPE_HEADER_OVERFLOW: {
    ...{ status: 431, code: 'MESH_WEBHOOK_TOO_LARGE' },
    what: 'The headers are larger than the mesh takes.',
  },
};

/** Answers what Node refuses before there is a request: the same problem as from anywhere else. Then it hangs up. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const { status, code, what } = REFUSALS[error.code ?? ''] ?? MALFORMED;
  const title = STATUS_CODES[status] ?? '';
  const body = JSON.stringify({ ...describeProblem(new MeshError(code, what)).problem, status, title });
  const head = [
    `HTTP/1.1 ${status} ${title}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}
