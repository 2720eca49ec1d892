import { expect, it } from 'vitest';
import { testPlugin } from '@crm-mesh/sdk/testing';
import plugin from './audit-log.plugin.js';

it('writes one line per event, of ids only', async () => {
  const run = await testPlugin(plugin).send('contact.created', {
    id: '7',
    email: 'ada@example.com',
    lastName: 'Lovelace',
  });
  expect(run.outcome).toBe('done');
  expect(run.logs).toMatchObject([
    { level: 'info', message: 'audit', fields: { event: 'acme/hubspot/contact/7@1', type: 'crm.contact.created' } },
  ]);
  expect(JSON.stringify(run.logs)).not.toMatch(/ada@example|Lovelace/);
});
