import { PermanentError, type ApiClient } from '@crm-mesh/sdk';

/** Of a source that describes no API. */
export const NO_API: ApiClient = {
  request: ({ path }) =>
    Promise.reject(new PermanentError(`The source describes no API by which ${path} could be asked for.`)),
};
