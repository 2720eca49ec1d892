import { describe, expect, expectTypeOf, it } from 'vitest';
import { IsUrl } from 'class-validator';
import { z } from 'zod';
import type { Contact, CustomRecord, Deal } from '@crm-mesh/contract';
import { isEvent } from './is-event.js';
import { definePlugin, PLUGIN_MARK } from './plugin.js';

class Config {
  @IsUrl()
  url!: string;
}

// What stands here is proved by tsc; vitest only runs it.
describe('definePlugin', () => {
  it('marks the definition', () => {
    expect(definePlugin({ name: 'a', events: ['*'], handle() {} }).kind).toBe(PLUGIN_MARK);
  });

  it('types the data of one event', () => {
    definePlugin({
      name: 'a',
      events: ['deal.won'],
      handle(event, context) {
        expectTypeOf(event.data).toExtend<Deal>();
        expectTypeOf(event.data.amount).toEqualTypeOf<Deal['amount']>();
        expectTypeOf(context.config).toBeUnknown();
        // @ts-expect-error a deal has no such field
        void event.data.email;
      },
    });
  });

  it('types the data of an entity, of a custom one, and of everything', () => {
    definePlugin({
      name: 'a',
      events: ['contact.*'],
      handle: (event) => void expectTypeOf(event.data).toExtend<Contact>(),
    });
    definePlugin({
      name: 'a',
      events: ['custom-visit.*'],
      handle: (event) => void expectTypeOf(event.data).toExtend<CustomRecord>(),
    });
    definePlugin({ name: 'a', events: ['*'], handle: (event) => void expectTypeOf(event.data.id).toBeString() });
  });

  it('types several events as a union, which isEvent narrows', () => {
    definePlugin({
      name: 'a',
      events: ['deal.won', 'contact.created'],
      handle(event) {
        expectTypeOf(event.data).toExtend<Deal | Contact>();
        // @ts-expect-error only contacts have it
        void event.data.email;
        if (isEvent(event, 'contact.created')) expectTypeOf(event.data).toExtend<Contact>();
        if (isEvent(event, 'deal.*')) expectTypeOf(event.data.amount).toEqualTypeOf<Deal['amount']>();
      },
    });
  });

  it('types a record that may be gone by its id alone', () => {
    const take = (_status: Deal['status']): void => {};
    definePlugin({
      name: 'a',
      events: ['deal.*'],
      handle(event) {
        expectTypeOf(event.data.id).toBeString();
        // @ts-expect-error `deal.*` includes deleted and erased
        take(event.data.status);
        if (isEvent(event, 'deal.stage-changed')) take(event.data.status);
      },
    });
  });

  it('types the configuration by its class or Standard Schema', () => {
    definePlugin({
      name: 'a',
      events: ['*'],
      config: Config,
      handle: (_, { config }) => void expectTypeOf(config).toEqualTypeOf<Config>(),
    });
    const schema = z.object({ retries: z.coerce.number().default(3) });
    definePlugin({
      name: 'a',
      events: ['*'],
      config: schema,
      setup: ({ config }) => void expectTypeOf(config).toEqualTypeOf<{ retries: number }>(),
      handle: (_, { config }) => void expectTypeOf(config.retries).toBeNumber(),
    });
  });

  it('refuses what is wrong', () => {
    // @ts-expect-error no such action
    definePlugin({ name: 'a', events: ['deal.wonn'], handle() {} });
    // @ts-expect-error no such entity
    definePlugin({ name: 'a', events: ['opportunity.*'], handle() {} });
    // @ts-expect-error contacts are not won
    definePlugin({ name: 'a', events: ['contact.won'], handle() {} });
    // @ts-expect-error custom entities have only the common actions
    definePlugin({ name: 'a', events: ['custom-visit.won'], handle() {} });
    // @ts-expect-error a plugin handles something
    definePlugin({ name: 'a', events: ['*'] });
    // @ts-expect-error no such option
    definePlugin({ name: 'a', events: ['*'], delivery: { maxAttempt: 3 }, handle() {} });
    // @ts-expect-error values of a configuration are no schema
    definePlugin({ name: 'a', events: ['*'], config: { url: 'https://x.example' }, handle() {} });
  });
});
