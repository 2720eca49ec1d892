import type { ApiClient, SourceContext } from '@crm-mesh/sdk';
import { createConfig, createContext } from '../../test/context.js';
import { createTableApi } from '../../test/table-api.js';
import { PipedriveConfig } from './config.js';

// For the specs of this folder.

export const KILN_VALUE = '9f2c41d07be35a86c0d1e4f7a2b3958671c0ad4e';
export const REGION = '1b7de0925f3c4a6881e9d2c7b60f43a5cc19e78d';

const field = (field_name: string, field_code: string, field_type: string, options?: object[]) => ({
  field_name,
  field_code,
  field_type,
  is_custom_field: field_code.length === 40,
  options: options ?? null,
});

/** The company of the samples. */
export const METADATA: Record<string, unknown> = {
  '/api/v2/stages': {
    success: true,
    data: [
      { id: 12, name: 'Offer sent', pipeline_id: 2, deal_probability: 40 },
      { id: 14, name: 'Negotiation', pipeline_id: 2, deal_probability: 75 },
      { id: 20, name: 'Renewal due', pipeline_id: 3, deal_probability: 50 },
    ],
  },
  '/api/v2/pipelines': {
    success: true,
    data: [
      { id: 2, name: 'Projects', is_deal_probability_enabled: true },
      { id: 3, name: 'Renewals', is_deal_probability_enabled: false },
    ],
  },
  '/api/v2/dealFields': {
    success: true,
    data: [
      field('Title', 'title', 'varchar'),
      field('Kiln value', KILN_VALUE, 'monetary'),
      field('Region', REGION, 'enum', [
        { id: 41, label: 'North' },
        { id: 42, label: 'South' },
      ]),
    ],
  },
  '/api/v2/personFields': { success: true, data: [field('Department', REGION, 'varchar')] },
  '/api/v2/organizationFields': { success: true, data: [field('Name', 'name', 'varchar')] },
  '/api/v2/productFields': { success: true, data: [field('Name', 'name', 'varchar')] },
  '/api/v2/activityFields': { success: true, data: [field('Subject', 'subject', 'varchar')] },
};

export function connect(
  part: object = {},
  api: ApiClient = createTableApi(METADATA),
  clock?: { nowMs: number },
): SourceContext<PipedriveConfig> {
  const config = createConfig(PipedriveConfig, {
    webhookUser: 'meshhook',
    webhookPasswords: ['kX7-pQ2:vw9'],
    apiToken: 'token',
    ...part,
  });
  const context = { ...createContext(config), api };
  return clock ? { ...context, now: () => clock.nowMs } : context;
}

/** A webhook's body, as the samples have it. */
export function tell(meta: object, data: unknown, previous: unknown = null): string {
  const always = { action: 'change', entity: 'deal', entity_id: '1', id: 'm-1', version: '2.0', company_id: '7341882' };
  return JSON.stringify({ data, previous, meta: { ...always, timestamp: '2026-03-24T15:59:58.120Z', ...meta } });
}
