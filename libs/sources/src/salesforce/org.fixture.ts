import { RefusedRequest, type ApiAnswer, type ApiRequest, type SourceContext } from '@crm-mesh/sdk';
import { createConfig, createContext, readSampleJson } from '../../test/context.js';
import { SalesforceConfig } from './config.js';

// For the specs of this folder.

export const ORGANIZATION_ID = '00D8d000009KxTqEAK';
export const DATA = '/services/data/v66.0';

export interface Answers {
  [route: string]: (request: ApiRequest) => unknown;
}

export interface TestContext extends SourceContext<SalesforceConfig> {
  calls: ApiRequest[];
}

/** A connection whose API is these answers: `GET /path` → the body. What has none is refused as Salesforce refuses it. */
export function connectOrg(answers: Answers = {}, part: object = {}, clock?: { nowMs: number }): TestContext {
  const calls: ApiRequest[] = [];
  const config = createConfig(SalesforceConfig, {
    organizationId: ORGANIZATION_ID,
    auth: { grant: 'client_credentials', clientId: 'c', clientSecret: 's' },
    currency: 'EUR',
    ...part,
  });
  const request = (asked: ApiRequest): Promise<ApiAnswer> => {
    calls.push(asked);
    const answer = answers[`${asked.method ?? 'GET'} ${asked.path}`] ?? refuseWith('NOT_FOUND', 404);
    return Promise.resolve()
      .then(() => answer(asked))
      .then((body) => ({ status: 200, headers: {}, body, text: '' }));
  };
  const context = createContext(config);
  return { ...context, ...(clock && { now: () => clock.nowMs }), api: { request }, calls };
}

export const refuseWith =
  (errorCode: string, status = 400) =>
  (): never => {
    throw new RefusedRequest(errorCode, status, [{ errorCode, message: 'free text' }]);
  };

export const describeOf = (...names: string[]) => ({ fields: names.map((name) => ({ name, type: 'string' })) });

export const rowsOf = (records: readonly object[], more: object = {}) => ({
  totalSize: records.length,
  done: true,
  records,
  ...more,
});

/** The queries that were asked, in order. */
export const queriesOf = ({ calls }: TestContext): string[] =>
  calls.flatMap(({ query }) => (query?.q === undefined ? [] : [String(query.q)]));

export const stagesAnswer = () => readSampleJson<object>('salesforce/api-opportunity-stages.json');
