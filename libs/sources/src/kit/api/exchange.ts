import { Unavailable, type ApiAnswer } from '@crm-mesh/sdk';
import { isObject, parseJson } from '@crm-mesh/sdk/kit';

/** One request as it goes over the wire. */
export interface Outgoing {
  method: string;
  url: string;
  headers: Readonly<Record<string, string>>;
  body?: string | undefined;
  timeoutMs: number;
  /** Whom errors speak of: `HubSpot`. */
  title: string;
  /** What errors call it: method and path, without the query, in which people may be named. */
  name: string;
}

/** Sends it and reads the whole answer, whatever its status. Throws `Unavailable` when there is none. */
export async function exchange(outgoing: Outgoing): Promise<ApiAnswer> {
  const { method, url, body, timeoutMs } = outgoing;
  const headers = readHeaders(outgoing);
  try {
    const response = await fetch(url, {
      method,
      headers,
      ...(body !== undefined && { body }),
      // A redirect would carry the credentials to somewhere else.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    return { status: response.status, headers: Object.fromEntries(response.headers), text, body: readJson(text) };
  } catch (error) {
    throw describeSilence(error, outgoing);
  }
}

/** Apart from `fetch`, whose error would repeat the secret. */
function readHeaders({ headers, title, name }: Outgoing): Headers {
  try {
    return new Headers(headers);
  } catch {
    throw new Unavailable(
      `${title} cannot be asked for ${name}: a header holds a character that HTTP does not allow. Is there a line end in a token or key of this connection?`,
    );
  }
}

function readJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function describeSilence(error: unknown, { title, name, timeoutMs }: Outgoing): Unavailable {
  if (error instanceof Error && error.name === 'TimeoutError')
    return new Unavailable(`${title} did not answer within ${timeoutMs / 1000} s: ${name}.`);
  // What `fetch` itself says may hold the address with everything in it; the cause is the system's own error.
  const cause = error instanceof Error ? error.cause : undefined;
  return new Unavailable(`${title} cannot be reached (${reasonOf(cause)}): ${name}.`, { cause });
}

function reasonOf(cause: unknown): string {
  if (isObject(cause) && typeof cause.code === 'string') return cause.code;
  return cause instanceof Error && cause.message === 'unexpected redirect'
    ? 'it answers with a redirect, which is not followed'
    : 'network error';
}
