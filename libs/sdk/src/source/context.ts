import type { Log } from '../log.js';
import type { ApiClient, Urgency } from './api.js';

/** What a source's functions get: one configured connection. */
export interface SourceContext<C = unknown> {
  /** The tenant of mesh.yaml. */
  tenant: string;
  /** The name of the connection, unique in the tenant. */
  connection: string;
  /** The same object as long as the configuration stands: sources keep rate limits, keys and caches by it. */
  config: C;
  /** The URL that the CRM was told, with no query; what stands behind a proxy does not see it in `Host`. */
  publicUrl: string;
  /** Epoch milliseconds. */
  now(): number;
  /** Lines carry the tenant and the connection by themselves. */
  log: Log;
  /** What is being done: `live`, or what gives way to it. The API's rate limit is shared accordingly. */
  urgency: Urgency;
  /** The CRM's API as the source describes it by `api`; without that every request is refused. */
  api: ApiClient;
}
