import type { ApiAnswer, ApiClient, ApiRequest } from '@crm-mesh/sdk';

export interface TableApi extends ApiClient {
  requests: ApiRequest[];
  /** By path: the answer's body, or a function of the request that gives it. */
  table: Record<string, unknown>;
}

/** An API that answers out of a table; what is not in it has status 404. */
export function createTableApi(table: Record<string, unknown>): TableApi {
  const api: TableApi = {
    requests: [],
    table,
    request(request): Promise<ApiAnswer> {
      api.requests.push(request);
      const entry = api.table[request.path];
      const body = typeof entry === 'function' ? (entry as (request: ApiRequest) => unknown)(request) : entry;
      if (body instanceof Error) return Promise.reject(body);
      const status = body === undefined ? 404 : 200;
      if (status === 404 && !request.accept?.includes(404))
        return Promise.reject(new Error(`nothing at ${request.path}`));
      return Promise.resolve({ status, headers: {}, body, text: JSON.stringify(body ?? null) });
    },
  };
  return api;
}
