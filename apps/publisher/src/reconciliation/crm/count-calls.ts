import type { SourceContext } from '@crm-mesh/sdk';
import type { Connection } from '../../connections/connections.js';

/** A connection's context for what gives way to live traffic, that counts what is asked of the CRM's API. */
export function countCalls(connection: Connection): { context: SourceContext; calls(): number } {
  const own = connection.contextFor('repair');
  let calls = 0;
  const request: SourceContext['api']['request'] = (wanted) => {
    calls += 1;
    return own.api.request(wanted);
  };
  return { context: { ...own, api: { request } }, calls: () => calls };
}
