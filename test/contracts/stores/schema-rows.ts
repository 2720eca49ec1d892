import { describe, expect, it } from 'vitest';
import { PayloadShape } from '@crm-mesh/sources';
import type { Store } from '@crm-mesh/store';
import { readSchema, readShape, saveSchema, saveShape } from '../../../apps/publisher/src/schema/schema-rows.js';

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

    it('and the shapes of what they send, by entity', async () => {
      const [store, connection] = [getStore(), 'acme/crm'];
      const shape = new PayloadShape();
      expect(await readShape(store, connection, 'deal')).toBeUndefined();
      await saveShape(store, { connection, entity: 'deal' }, { shape, atMs: 1 });
      shape.take({ 'ä"?': 1 }, 5);
      await saveShape(store, { connection, entity: 'deal' }, { shape, atMs: 2 });
      await saveShape(store, { connection, entity: 'contact' }, { shape: new PayloadShape(), atMs: 2 });
      expect(await readShape(store, connection, 'deal')).toEqual(JSON.parse(JSON.stringify(shape)));
      expect(await readShape(store, connection, 'contact')).toEqual({ objects: 0, fields: [] });
    });
  });
}
