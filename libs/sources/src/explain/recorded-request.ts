import { MeshError } from '@crm-mesh/contract';
import type { WebhookRequest } from '@crm-mesh/sdk';
import { isObject } from '@crm-mesh/sdk/kit';

/** A request that somebody kept, to ask why it was refused. */
export interface RecordedRequest extends WebhookRequest {
  /** Epoch milliseconds, where it was recorded. */
  receivedAtMs?: number;
  /** The URL without its query, where the record names it whole. */
  recordedUrl?: string;
}

/**
 * Reads a recorded request: JSON `{method, url, headers, body | bodyBase64, receivedAt?}`, a raw HTTP message, or what
 * `curl -v` prints of one (lines that begin with `> `). Throws MESH_RECORDED_REQUEST_INVALID.
 */
export function readRecordedRequest(content: Uint8Array | string): RecordedRequest {
  const bytes = Buffer.from(content as Uint8Array);
  const start = bytes.toString('latin1').replace(/^(\u00ef\u00bb\u00bf)?\s*/, '');
  return start.startsWith('{') ? readJson(bytes) : readMessage(bytes);
}

function readJson(bytes: Buffer): RecordedRequest {
  const recorded = parseRecord(bytes);
  const { method = 'POST', url, headers, body, bodyBase64, receivedAt } = recorded;
  if (typeof url !== 'string' || url === '') throw invalid('it has no `url`.');
  if (typeof method !== 'string') throw invalid('its `method` is no text.');
  if (!isObject(headers)) throw invalid('it has no `headers`.');
  const receivedAtMs = typeof receivedAt === 'string' ? Date.parse(receivedAt) : receivedAt;
  if (receivedAtMs !== undefined && !(typeof receivedAtMs === 'number' && Number.isFinite(receivedAtMs))) {
    throw invalid('its `receivedAt` is neither a time in ISO 8601 nor epoch milliseconds.');
  }
  return {
    method: method.toUpperCase(),
    ...splitUrl(url),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
    body: readBodyOf(body, bodyBase64),
    ...(receivedAtMs !== undefined && { receivedAtMs }),
  };
}

function parseRecord(bytes: Buffer): Record<string, unknown> {
  try {
    const recorded: unknown = JSON.parse(bytes.toString('utf8').replace(/^\uFEFF/, ''));
    if (isObject(recorded)) return recorded;
  } catch (error) {
    throw invalid('it begins like JSON and is none.', error);
  }
  throw invalid('it is no JSON object.');
}

function readBodyOf(body: unknown, bodyBase64: unknown): Uint8Array {
  if (typeof bodyBase64 === 'string') return Buffer.from(bodyBase64, 'base64');
  if (typeof body === 'string') return Buffer.from(body);
  if (body === undefined) return new Uint8Array();
  throw invalid('its `body` is no text: keep the bytes as they came, a parsed body cannot be verified.');
}

/** Every byte of the body counts, so the message is cut as bytes. */
function readMessage(bytes: Buffer): RecordedRequest {
  const text = bytes.toString('latin1');
  const [head, bodyStart] = cutHead(text);
  const lines = head
    .split(/\r?\n/)
    .filter((line) => !/^[*<{}] ?/.test(line))
    .map((line) => line.replace(/^> ?/, ''));
  const first = lines.findIndex((line) => /^[A-Z]+ \S+ HTTP\//.test(line));
  if (first === -1) throw invalid('it has no request line such as `POST /webhooks/acme/hubspot HTTP/1.1`.');
  const [method = '', url = ''] = lines[first]!.split(' ');
  const headers = readHeaders(lines.slice(first + 1));
  const rest = bytes.subarray(bodyStart);
  const length = Number(headers['content-length'] ?? Number.NaN);
  return { method, ...splitUrl(url), headers, body: Number.isSafeInteger(length) ? rest.subarray(0, length) : rest };
}

/** The head ends at the first empty line (`>` alone in what curl prints). */
function cutHead(text: string): [head: string, bodyStart: number] {
  const end = /\r?\n(?:> ?)?\r?\n/.exec(text);
  return end ? [text.slice(0, end.index), end.index + end[0].length] : [text, text.length];
}

function readHeaders(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name, value] = /^([^\s:]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) continue;
    const key = name.toLowerCase();
    headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
  }
  return headers;
}

function splitUrl(url: string): { url: string; recordedUrl?: string } {
  const [, origin, rest = ''] = /^(https?:\/\/[^/?#]+)(.*)$/i.exec(url) ?? [];
  if (origin === undefined) return { url };
  return { url: rest.startsWith('/') ? rest : `/${rest}`, recordedUrl: origin + rest.replace(/\?.*$/s, '') };
}

function invalid(what: string, cause?: unknown): MeshError {
  return new MeshError('MESH_RECORDED_REQUEST_INVALID', `The recorded request cannot be read: ${what}`, { cause });
}
