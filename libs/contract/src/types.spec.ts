import { describe, expectTypeOf, it } from 'vitest';
import type { FieldChange, MeshEvent } from './envelope.js';
import type { EntityOf, EventPattern, EventType } from './event-types.js';
import type { AnyRecord, Contact, CustomRecord, Deal, DealStatus, LineItem, Money, RecordOf } from './records/index.js';
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

  it('promise nothing but the id where a record may be gone', () => {
    expectTypeOf<MeshEvent<'deal.merged'>['data']['status']>().toEqualTypeOf<DealStatus>();
    expectTypeOf<MeshEvent<'deal.deleted'>['data']['status']>().toEqualTypeOf<DealStatus | undefined>();
    expectTypeOf<MeshEvent<'deal.erased'>['data']['status']>().toEqualTypeOf<DealStatus | undefined>();
    expectTypeOf<MeshEvent<'deal.*'>['data']['status']>().toEqualTypeOf<DealStatus | undefined>();
    expectTypeOf<MeshEvent<'deal.won' | 'deal.deleted'>['data']['status']>().toEqualTypeOf<DealStatus | undefined>();
    expectTypeOf<MeshEvent<'deal.erased'>['data']['id']>().toEqualTypeOf<string>();
    expectTypeOf<MeshEvent<'*'>['data']['id']>().toEqualTypeOf<string>();
    expectTypeOf<MeshEvent<'deal.erased'>['data']['changes']>().toEqualTypeOf<Record<string, FieldChange>>();

    const take = (_status: DealStatus): void => {};
    const read = (won: MeshEvent<'deal.won'>, all: MeshEvent<'deal.*'>, erased: MeshEvent<'deal.erased'>): void => {
      take(won.data.status);
      // @ts-expect-error of an erased deal only the id is left
      take(erased.data.status);
      // @ts-expect-error `deal.*` includes deleted and erased
      take(all.data.status);
    };
    expectTypeOf(read).toBeFunction();
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
