import { describe, expectTypeOf, it } from 'vitest';
import type { FieldChange, MeshEvent } from './envelope.js';
import type { EntityOf, EventPattern, EventType } from './event-types.js';
import type { AnyRecord, Contact, CustomRecord, Deal, LineItem, Money, RecordOf } from './records/index.js';
import { validateRecord } from './validation/validate-record.js';

describe('types', () => {
  it('follow the event pattern to the record', () => {
    expectTypeOf<MeshEvent<'deal.won'>['data']['amount']>().toEqualTypeOf<Money | undefined>();
    expectTypeOf<MeshEvent<'deal.*'>['data']['lines']>().toEqualTypeOf<LineItem[] | undefined>();
    expectTypeOf<MeshEvent<'deal.won'>['data']['status']>().toEqualTypeOf<'open' | 'won' | 'lost'>();
    expectTypeOf<MeshEvent<'contact.created'>['data']>().toExtend<Contact>();
    expectTypeOf<MeshEvent<'custom-visit.created'>['data']>().toExtend<CustomRecord>();
    expectTypeOf<MeshEvent<'deal.won'>['data']['changes']>().toEqualTypeOf<Record<string, FieldChange>>();
    expectTypeOf<MeshEvent<'deal.won' | 'contact.*'>['data']>().toExtend<Deal | Contact>();
    expectTypeOf<MeshEvent<'*'>['data']>().toExtend<AnyRecord>();
  });

  it('do not give a field to records that lack it', () => {
    expectTypeOf<MeshEvent<'contact.created'>['data']>().not.toHaveProperty('amount');
    expectTypeOf<MeshEvent['data']>().not.toHaveProperty('amount');
  });

  it('know the event types', () => {
    expectTypeOf<'deal.won'>().toExtend<EventType>();
    expectTypeOf<'contact.won'>().not.toExtend<EventType>();
    expectTypeOf<'deal.*'>().toExtend<EventPattern>();
    expectTypeOf<'deals.won'>().not.toExtend<EventPattern>();
    expectTypeOf<EntityOf<'deal.won' | 'contact.*'>>().toEqualTypeOf<'deal' | 'contact'>();
    expectTypeOf<RecordOf<'deal'>>().toEqualTypeOf<Deal>();
    expectTypeOf<RecordOf<'custom-x'>>().toEqualTypeOf<CustomRecord>();
  });

  it('come out of validation', () => {
    expectTypeOf(validateRecord<'deal'>).returns.toEqualTypeOf<Deal>();
  });
});
