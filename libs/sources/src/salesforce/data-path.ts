import type { SalesforceConfig } from './config.js';

/** `/sobjects/Account/describe` in the version of the API that this connection speaks. */
export function dataPath({ apiVersion }: SalesforceConfig, below: string): string {
  return `/services/data/v${apiVersion}${below}`;
}
