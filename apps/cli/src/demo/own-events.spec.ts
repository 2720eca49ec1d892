import { findMisfits, validateRecord } from '@crm-mesh/contract/checking';
import { expect, it } from 'vitest';
import { POISON } from './own-events.js';

it('sends a deal that no field could be left out of to make it one', () => {
  const deal = { id: 'demo-poison', ...POISON };
  expect(findMisfits('deal', deal)).toEqual([]);
  expect(() => validateRecord('deal', deal)).toThrow(/status/);
});
