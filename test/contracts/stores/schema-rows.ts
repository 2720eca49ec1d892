import { describe, expect, it } from 'vitest';
import type { Store } from '@crm-mesh/store';
import { readSchema, saveSchema } from '../../../apps/publisher/src/schema/schema-rows.js';

export function describeSchemaRows(getStore: () => Store): void {
  describe('schemas of CRMs', () => {
    it('are what was seen last, each for itself', async () => {
      const store = getStore();
      expect(await readSchema(store, 'acme/crm')).toBeUndefined();
      const first = { deal: { fields: { 'ä"?': { type: 'number' } } } };
      await saveSchema(store, 'acme/crm', { description: first, atMs: 1 });
      await saveSchema(store, 'acme/shop', { description: {}, atMs: 1 });
      expect(await readSchema(store, 'acme/crm')).toEqual(first);
      await saveSchema(store, 'acme/crm', { description: { contact: { fields: {} } }, atMs: 2 });
      expect(await readSchema(store, 'acme/crm')).toEqual({ contact: { fields: {} } });
      expect(await readSchema(store, 'acme/shop')).toEqual({});
    });
  });
}
