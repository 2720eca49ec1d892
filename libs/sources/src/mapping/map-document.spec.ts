import type { Change, DealStatus } from '@crm-mesh/contract';
import { PermanentError } from '@crm-mesh/sdk';
import { plainToInstance } from 'class-transformer';
import { describe, expect, it } from 'vitest';
import { createConfig, listErrors, listRecordErrors } from '../../test/context.js';
import { readEventType } from './event-type.js';
import { findId, findModifiedAt, mapDocument } from './map-document.js';
import { MappingConfig } from './mapping-config.js';

interface Target {
  entity: string;
  change: Change;
  status?: DealStatus;
}

function map(entity: string, data: unknown, mapping: object = {}, part: Partial<Target> = {}) {
  const mapped = mapDocument(
    { data },
    { entity, change: 'updated', id: '1', ...part },
    createConfig(MappingConfig, { payload: 'patch', ...mapping }),
  );
  if (mapped.state !== 'present') throw new Error(mapped.state);
  return mapped;
}

describe('types', () => {
  const mapping = { typePrefix: 'com.example.crm.', types: { 'order.paid': 'deal.won' } };
  it.each([
    ['contact.created', { entity: 'contact', change: 'created' }],
    ['com.example.crm.contact.updated', { entity: 'contact', change: 'updated' }],
    ['com.example.crm.deal.stage-changed', { entity: 'deal', change: 'updated' }],
    ['deal.won', { entity: 'deal', change: 'updated', status: 'won' }],
    ['deal.lost', { entity: 'deal', change: 'updated', status: 'lost' }],
    ['deal.reopened', { entity: 'deal', change: 'updated', status: 'open' }],
    ['order.paid', { entity: 'deal', change: 'updated', status: 'won' }],
    ['custom-kiln.deleted', { entity: 'custom-kiln', change: 'deleted' }],
    ['contact.won', undefined],
    ['com.other.contact.created', undefined],
    ['toString', undefined],
    ['', undefined],
  ])('%s → %o', (type, expected) => expect(readEventType(type, mapping)).toEqual(expected));
});

describe('id and time', () => {
  const mapping = createConfig(MappingConfig, {});
  it.each([
    [{ data: { id: 'D-1' }, subject: 'deals/D-2' }, 'D-1'],
    [{ data: { id: 4711 } }, '4711'],
    [{ subject: 'deals/a/b' }, 'a/b'],
    [{ subject: 'D-3' }, 'D-3'],
    [{ data: { id: '' } }, undefined],
    [{ data: { id: {} }, subject: 'deals/' }, undefined],
  ])('%o → %o', (document, id) => expect(findId(document, mapping)).toBe(id));

  it('a day counts from its first moment', () =>
    expect(findModifiedAt({ time: '2026-03-24' }, 'time')).toBe('2026-03-24T00:00:00.000Z'));
});

describe('without rules', () => {
  it('canonical fields are taken as they are, others go to custom, empty ones are cleared', () => {
    const data = {
      id: '1',
      name: 'Kiln',
      amount: { value: 48500, currency: 'eur' },
      closeDate: '2026-04-01',
      contactIds: [1, { id: 'x' }],
      phase: 'p',
      lostReason: null,
      note: '',
      custom: { region: 'N', old: null },
    };
    expect(map('deal', data)).toEqual({
      state: 'present',
      patch: true,
      cleared: ['lostReason', 'custom.note', 'custom.old'],
      record: {
        id: '1',
        name: 'Kiln',
        amount: { value: '48500', currency: 'EUR' },
        closeDate: '2026-04-01',
        contactIds: ['1', 'x'],
        custom: { phase: 'p', region: 'N' },
      },
    });
  });

  it('a whole record says nothing of what was cleared, and a deal has a status', () => {
    expect(map('deal', { id: '1', lostReason: null }, { payload: 'whole' })).toEqual({
      state: 'present',
      record: { id: '1', status: 'open' },
    });
  });

  it('the type’s own status wins', () =>
    expect(map('deal', { status: 'open' }, {}, { status: 'won' }).record).toMatchObject({ status: 'won' }));

  it('a whole record needs its object', () =>
    expect(() => map('deal', undefined, { payload: 'whole' })).toThrow(PermanentError));

  it('an event without data is a patch of nothing', () =>
    expect(map('deal', undefined, {}, { status: 'won' })).toMatchObject({ record: { id: '1', status: 'won' } }));

  it('a hostile key is a field like any other', () => {
    const { record } = map('contact', JSON.parse('{"__proto__":{"polluted":true},"custom":{"__proto__":1}}'));
    expect(Object.getPrototypeOf(record.custom)).toBe(Object.prototype);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(listRecordErrors('contact', record)).toEqual([]);
  });

  it('an address; its empty parts are cleared', () => {
    expect(map('contact', { address: { city: 'Selb', country: 'de', street: null } })).toMatchObject({
      record: { address: { city: 'Selb', country: 'DE' } },
      cleared: ['address.street'],
    });
  });

  it.each([
    ['deal', { amount: 'much', currency: 'EUR' }, /deal\.amount.*without a currency/],
    ['deal', { amount: { value: 'much', currency: 'EUR' } }, /deal\.amount.*as money/],
    ['deal', { amount: { value: 1, currency: 'Euro' } }, /no ISO 4217/],
    ['deal', { closeDate: 'soon' }, /deal\.closeDate.*day or timestamp/],
    ['deal', { lines: 'x' }, /deal\.lines is no list/],
    ['deal', { lines: ['x'] }, /no object/],
    ['company', { employeeCount: 'many' }, /company\.employeeCount.*integer/],
    ['contact', { email: {} }, /contact\.email.*text/],
  ])('%s %o is told without it', (entity, data, message) => {
    const { record, unread } = map(entity, { ...data, ownerId: '9' });
    const [field] = Object.keys(data);
    expect(unread).toEqual([{ field, why: expect.stringMatching(message) as string }]);
    expect(record).not.toHaveProperty(field!);
    expect(record).toMatchObject({ id: '1', ownerId: '9' });
  });
});

describe('with rules', () => {
  it('renames, constants, value maps, minor units, currencies by path, nested paths and lines', () => {
    const mapping = {
      payload: 'whole',
      moneyUnit: 'minor',
      currency: 'EUR',
      entities: {
        deal: {
          fields: {
            name: 'title',
            amount: { path: 'total', currency: 'ccy' },
            status: { path: 'state', values: { closed_won: 'won', closed_lost: 'lost', working: 'open' } },
            stage: 'state',
            companyId: 'customer.id',
            lines: {
              path: 'items',
              fields: { productId: 'article', quantity: 'count', unitPrice: { path: 'price', unit: 'major' } },
            },
            'custom.channel': { const: 'shop' },
          },
        },
      },
    };
    const data = {
      id: 1,
      title: 'Kiln',
      total: 4850000,
      ccy: 'JPY',
      state: 'closed_won',
      customer: { id: 77 },
      items: [{ article: 5, count: 2, price: '9.90', name: 'Burner' }],
    };
    const { record } = map('deal', data, mapping);
    expect(record).toEqual({
      id: '1',
      name: 'Kiln',
      amount: { value: '4850000', currency: 'JPY' },
      status: 'won',
      stage: 'closed_won',
      companyId: '77',
      lines: [{ quantity: '2', productId: '5', name: 'Burner', unitPrice: { value: '9.90', currency: 'EUR' } }],
      custom: { channel: 'shop', ccy: 'JPY', customer: { id: 77 } },
    });
    expect(listRecordErrors('deal', record)).toEqual([]);
    expect(map('deal', { ...data, ccy: 'EUR' }, mapping).record).toMatchObject({
      amount: { value: '48500.00', currency: 'EUR' },
    });
  });

  it("a line's custom fields, as they are", () => {
    const lines = [{ quantity: 1, custom: { billing_frequency: 'monthly' } }];
    expect(map('deal', { id: 1, lines }).record).toEqual({
      id: '1',
      lines: [{ quantity: '1', custom: { billing_frequency: 'monthly' } }],
    });
  });

  it('parts of an address', () => {
    const fields = { 'address.city': 'ort', 'address.country': { path: 'land', values: { Germany: 'DE' } } };
    expect(map('contact', { ort: 'Selb', land: 'Germany' }, { entities: { contact: { fields } } }).record).toEqual({
      id: '1',
      address: { city: 'Selb', country: 'DE' },
    });
  });
});

describe('what the configuration refuses', () => {
  it.each([
    [{ types: { x: 'deal.one' } }, /canonical event types/],
    [{ entities: { dael: { fields: {} } } }, /no such entity/],
    [{ entities: { deal: { fields: { nmae: 'x' } } } }, /deal has no such field.*custom\.nmae/],
    [{ entities: { deal: { fields: { id: 'x' } } } }, /by `id` of the mapping/],
    [{ entities: { deal: { fields: { amount: { unit: 'cents' } } } } }, /unit/],
    [{ entities: { deal: { fields: { amount: { pfad: 'x' } } } } }, /pfad/],
    [{ entities: { deal: { fields: 'x' } } }, /must be a table/],
    [{ entities: [] }, /must be a table/],
    [{ currency: 'Euro' }, /currency code/],
    [{ payload: 'all' }, /payload/],
    [{ recrod: 'x' }, /recrod/],
  ])('%o', (plain, message) => expect(listErrors(plainToInstance(MappingConfig, plain)).join('\n')).toMatch(message));
});
