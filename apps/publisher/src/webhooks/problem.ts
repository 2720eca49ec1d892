import { HttpException } from '@nestjs/common';
import { MESH_ERRORS, MeshError, type MeshErrorCode } from '@crm-mesh/contract';

/** RFC 9457: what went wrong, for whoever sent the request. It tells nothing that the sender does not know. */
interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: MeshErrorCode;
  cure: string;
}

export interface ProblemReply {
  problem: Problem;
  headers: Record<string, string>;
}

/** When neither JetStream nor the outbox takes more: seconds after which the sender may try again. */
const RETRY_AFTER_SECONDS = '5';

const TITLES: Partial<Record<MeshErrorCode, [status: number, title: string]>> = {
  MESH_CONNECTION_UNKNOWN: [404, 'Unknown connection'],
  MESH_ID_EMPTY: [400, 'Unusable id'],
  MESH_ID_TOO_LONG: [400, 'Unusable id'],
  MESH_ID_UNSUPPORTED: [400, 'Unusable id'],
  MESH_MEDIA_TYPE_UNSUPPORTED: [415, 'Unsupported media type'],
  MESH_MESSAGE_INVALID: [400, 'Malformed request'],
  MESH_MESSAGE_TOO_LARGE: [413, 'Item too large'],
  MESH_METHOD_NOT_ALLOWED: [405, 'Method not allowed'],
  MESH_NOTIFICATION_INVALID: [400, 'Malformed request'],
  MESH_OUTBOX_FULL: [503, 'Cannot store at the moment'],
  MESH_REQUEST_MALFORMED: [400, 'Malformed request'],
  MESH_ROUTE_UNKNOWN: [404, 'Unknown path'],
  MESH_SOURCE_INVALID: [503, 'Cannot read it at the moment'],
  MESH_STORE_UNAVAILABLE: [503, 'Cannot store at the moment'],
  MESH_WEBHOOK_FORBIDDEN: [403, 'Not allowed'],
  MESH_WEBHOOK_REFUSED: [401, 'Not verified'],
  MESH_WEBHOOK_TOO_LARGE: [413, 'Request too large'],
  MESH_WEBHOOK_TOO_MANY: [429, 'Too many requests'],
};

const HEADERS: Partial<Record<MeshErrorCode, Record<string, string>>> = {
  MESH_METHOD_NOT_ALLOWED: { allow: 'POST, OPTIONS' },
  MESH_OUTBOX_FULL: { 'retry-after': RETRY_AFTER_SECONDS },
  MESH_SOURCE_INVALID: { 'retry-after': RETRY_AFTER_SECONDS },
  MESH_STORE_UNAVAILABLE: { 'retry-after': RETRY_AFTER_SECONDS },
  MESH_WEBHOOK_REFUSED: { 'www-authenticate': 'Webhook' },
};

/** Codes by the status of errors that Fastify and Nest throw themselves. */
const CODES: Record<number, MeshErrorCode> = {
  404: 'MESH_ROUTE_UNKNOWN',
  405: 'MESH_METHOD_NOT_ALLOWED',
  413: 'MESH_WEBHOOK_TOO_LARGE',
  415: 'MESH_MEDIA_TYPE_UNSUPPORTED',
  429: 'MESH_WEBHOOK_TOO_MANY',
};

export function describeProblem(error: unknown): ProblemReply {
  const known = error instanceof MeshError && TITLES[error.code] !== undefined;
  const code = known ? error.code : codeOf(error);
  const [status, title] = TITLES[code] ?? [500, 'Internal error'];
  const { meaning, cure } = MESH_ERRORS[code];
  // The text of an error that we did not write may quote what it should not.
  const detail = known ? error.what : meaning;
  const problem = { type: `urn:crm-mesh:error:${code}`, title, status, detail, code, cure: known ? error.cure : cure };
  return { problem, headers: HEADERS[code] ?? {} };
}

function codeOf(error: unknown): MeshErrorCode {
  const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: unknown })?.statusCode;
  if (typeof status !== 'number' || status < 400 || status >= 500) return 'MESH_INTERNAL';
  return CODES[status] ?? 'MESH_REQUEST_MALFORMED';
}
