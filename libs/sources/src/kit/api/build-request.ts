import { PermanentError, type ApiDescription, type ApiRequest } from '@crm-mesh/sdk';

/** What errors call a request: no query, as people may be named in it. */
export function nameRequest({ method = 'GET', path }: ApiRequest): string {
  return `${method} ${isLink(path) ? new URL(path).pathname : path.split('?', 1)[0]}`;
}

/** Paths stand below the API's address; a link that the CRM gave is taken where it leads to the same place. */
export function buildUrl({ path, query = {} }: ApiRequest, baseUrl: string): string {
  const url = new URL(isLink(path) ? path : baseUrl.replace(/\/+$/, '') + path);
  if (url.origin !== new URL(baseUrl).origin)
    throw new PermanentError(`The link ${url.pathname} leads away from the API’s address: credentials stay at home.`);
  for (const [name, value] of Object.entries(query))
    if (value !== undefined) url.searchParams.append(name, String(value));
  return url.href;
}

/** The body and what it is. */
export function buildBody({ json, form }: ApiRequest): { body?: string; type?: string } {
  if (form !== undefined)
    return { body: new URLSearchParams(form).toString(), type: 'application/x-www-form-urlencoded' };
  return json === undefined ? {} : { body: JSON.stringify(json), type: 'application/json' };
}

/** Those of the request win over the connection's. */
export function buildHeaders(
  request: ApiRequest,
  own: ApiDescription['headers'],
  type?: string,
): Record<string, string> {
  const given = Object.entries({ ...own, ...request.headers }).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    accept: 'application/json',
    'user-agent': 'crm-mesh',
    ...(type !== undefined && { 'content-type': type }),
    ...(Object.fromEntries(given) as Record<string, string>),
  };
}

function isLink(path: string): boolean {
  return /^https?:\/\//i.test(path);
}
