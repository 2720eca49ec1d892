import { Unavailable } from '../../delivery-errors.js';
import { readRetryAfterMs } from '../../error-from-response.js';
import { parseJson } from '../../kit/parse-json.js';
import {
  RefusedRequest,
  type ApiAnswer,
  type ApiAuth,
  type ApiClient,
  type ApiDescription,
  type ApiFailure,
  type ApiRequest,
} from '../../source/api.js';

/**
 * A client for tests: it asks what the description names (a server of the test, by the source's own settings), and means
 * by failures what the mesh's client means. It keeps no rate limit and fetches no OAuth token (it shows `Bearer test`).
 */
export function openTestApi(description: ApiDescription): ApiClient {
  return { request: (request) => ask(description, request) };
}

async function ask(description: ApiDescription, request: ApiRequest): Promise<ApiAnswer> {
  const { method = 'GET', path } = request;
  const name = `${description.title}: ${method} ${path}`;
  const response = await fetch(buildUrl(description.baseUrl, request), {
    method,
    headers: { ...listAuth(description.auth), ...description.headers, ...typeOf(request), ...request.headers },
    body: bodyOf(request) ?? null,
    signal: AbortSignal.timeout(description.timeoutMs ?? 10_000),
  }).catch((cause: unknown) => {
    throw new Unavailable(`${name} cannot be reached`, { cause });
  });
  const text = await response.text();
  const headers = Object.fromEntries(response.headers);
  const answer = { status: response.status, headers, body: readJson(text), text };
  if (response.ok || request.accept?.includes(response.status)) return answer;
  throw explain(description.explain?.(answer, request) ?? judge(answer), name, answer);
}

function buildUrl(baseUrl: string, { path, query = {} }: ApiRequest): string {
  const given = Object.entries(query).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[key, String(value)]],
  );
  const text = new URLSearchParams(given).toString();
  const joint = path.includes('?') ? '&' : '?';
  return `${baseUrl.replace(/\/+$/, '')}${path}${text === '' ? '' : joint + text}`;
}

function listAuth(auth: ApiAuth): Record<string, string> {
  if (auth.kind === 'none') return {};
  if (auth.kind === 'header') return { [auth.name]: auth.value };
  if (auth.kind === 'basic')
    return { authorization: `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}` };
  return { authorization: `Bearer ${auth.kind === 'bearer' ? auth.token : 'test'}` };
}

function typeOf({ json, form }: ApiRequest): Record<string, string> {
  if (json !== undefined) return { 'content-type': 'application/json' };
  return form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
}

function bodyOf({ json, form }: ApiRequest): string | undefined {
  if (json !== undefined) return JSON.stringify(json);
  return form === undefined ? undefined : new URLSearchParams(form).toString();
}

function readJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function judge({ status, headers }: ApiAnswer): ApiFailure {
  const what = `answered ${status}`;
  if (status === 429) {
    return { kind: 'blocked', what, retryAfterMs: readRetryAfterMs(headers['retry-after'] ?? null) ?? 1_000 };
  }
  if (status === 401) return { kind: 'unauthorised', what };
  return { kind: status === 403 || status === 408 || status >= 500 ? 'unavailable' : 'refused', what };
}

function explain(failure: ApiFailure, name: string, { status, body }: ApiAnswer): Error {
  const text = `${name} ${failure.what}`;
  if (failure.kind === 'refused') return new RefusedRequest(text, status, body);
  const retryAfterMs = 'retryAfterMs' in failure ? failure.retryAfterMs : undefined;
  return new Unavailable(text, retryAfterMs === undefined ? {} : { retryAfterMs });
}
