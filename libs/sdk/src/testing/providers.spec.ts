import { Inject, Injectable, Module, Scope, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { IsString } from 'class-validator';
import { expect, expectTypeOf, it } from 'vitest';
import { definePlugin, PLUGIN_CONFIG, PLUGIN_LOG, type Log, type PluginDefinition } from '../index.js';
import { buildTestEvent, testPlugin } from './index.js';

const RATE = 'RATE';
const steps: string[] = [];

class Config {
  @IsString()
  url!: string;
}

@Injectable()
class Http {
  constructor(private readonly config: Config) {}
  post(path: string): string {
    return `${this.config.url}${path}`;
  }
}

@Injectable()
class Billing implements OnModuleInit, OnModuleDestroy {
  constructor(
    private readonly http: Http,
    @Inject(PLUGIN_CONFIG) readonly config: Config,
    @Inject(PLUGIN_LOG) readonly log: Log,
  ) {}
  onModuleInit(): void {
    steps.push('init');
  }
  onModuleDestroy(): void {
    steps.push('destroy');
  }
  bill(id: string): string {
    this.log.info({ id }, 'billed');
    return this.http.post(`/${id}`);
  }
}

@Module({ providers: [Http, Billing, { provide: RATE, useValue: 3 }] })
class BillingModule {}

const base = { name: 'biller', events: ['deal.won'], config: Config, imports: [BillingModule] } as const;
const plugin = definePlugin({
  ...base,
  inject: [Billing, RATE],
  setup: ({ injected: [billing] }) => void steps.push(`setup ${billing.bill('0')}`),
  handle(event, { injected: [billing, rate] }) {
    expectTypeOf(billing).toEqualTypeOf<Billing>();
    expectTypeOf(rate).toEqualTypeOf<unknown>();
    return { receipt: [billing.bill(event.data.id), rate] };
  },
  teardown: ({ injected: [billing] }) => void steps.push(`teardown ${billing.config.url}`),
});
const config = { url: 'http://billing' };

it('hands over the providers, which live from before setup until after teardown', async () => {
  steps.length = 0;
  const test = testPlugin(plugin, { config });
  const run = await test.send('deal.won', { id: '7' });
  expect(run).toMatchObject({ outcome: 'done', receipt: ['http://billing/7', 3] });
  expect(run.logs).toMatchObject([{ message: 'billed' }]);
  await test.close();
  expect(steps).toEqual(['init', 'setup http://billing/0', 'teardown http://billing', 'destroy']);
});

it('hands them to batches, too', async () => {
  const batches = definePlugin({
    ...base,
    inject: [Billing],
    handleBatch(events, { injected: [billing] }) {
      for (const { data } of events) billing.bill(data.id);
    },
  });
  const test = testPlugin(batches, { config });
  const [item] = await test.sendBatch([buildTestEvent('deal.won', { id: '7' })]);
  expect(item).toMatchObject({ settled: 'acked' });
  await test.close();
});

it.each([
  ['a value', { provide: Http, useValue: { post: (path: string) => `fake${path}` } }],
  [
    'a factory',
    { provide: Http, useFactory: (rate: number) => ({ post: (p: string) => `fake${p}`, rate }), inject: [RATE] },
  ],
])('replaces a provider by %s, wherever it stands', async (_, override) => {
  const test = testPlugin(plugin, { config, providers: [override] });
  expect((await test.send('deal.won', { id: '7' })).receipt).toEqual(['fake/7', 3]);
  await test.close();
});

it('refuses to replace what there is not', async () => {
  const providers = [{ provide: 'NOBODY', useValue: 1 }];
  await expect(testPlugin(plugin, { config, providers }).send('deal.won')).rejects.toThrow(
    "providers: NOBODY is provided by none of the plugin's imports",
  );
  const plain = definePlugin({ name: 'plain', events: ['deal.won'], handle() {} });
  expect(() => testPlugin(plain, { providers })).toThrow('plain has no imports');
});

it('closes them when setup fails', async () => {
  steps.length = 0;
  const failing = definePlugin({
    ...base,
    inject: [Billing],
    setup() {
      throw new Error('no database');
    },
    handle() {},
  });
  await expect(testPlugin(failing, { config }).send('deal.won')).rejects.toThrow('no database');
  expect(steps).toEqual(['init', 'destroy']);
});

@Module({ providers: [Billing] })
class HalfModule {}
@Injectable({ scope: Scope.REQUEST })
class Scoped {}
@Module({ providers: [Scoped] })
class ScopedModule {}

it.each([
  [
    'a parameter',
    { imports: [HalfModule], inject: [Billing] },
    /imports: Nest can't resolve dependencies of the Billing \(\?, .*Http/,
  ],
  [
    'what is injected',
    { imports: [BillingModule], inject: ['OTHER'] },
    /inject\[0\]: OTHER is provided by none of the imports/,
  ],
  ['a request', { imports: [ScopedModule], inject: [Scoped] }, /inject\[0\]: Scoped lives for a request/],
])('says what cannot be resolved: %s', async (_, part, told) => {
  const wrong = definePlugin({ ...base, ...(part as Partial<PluginDefinition>), handle() {} } as PluginDefinition & {
    handle: unknown;
  });
  await expect(testPlugin(wrong, { config }).send('deal.won')).rejects.toMatchObject({
    code: 'MESH_PLUGIN_INVALID',
    message: expect.stringMatching(told),
  });
});

it.each([
  [{ imports: [BillingModule] }, 'imports: is there, but inject is missing'],
  [{ inject: [Billing] }, 'inject: is there, but imports is missing'],
  [{ imports: [], inject: [Billing] }, 'imports: is no list with something in it'],
  [{ imports: [undefined], inject: [Billing] }, 'imports[0]: is undefined: perhaps two files import each other'],
  [{ imports: [BillingModule], inject: [{}] }, 'inject[0]: is not a class or token'],
])('refuses %o', (part, told) => {
  const wrong = definePlugin({ name: 'wrong', events: ['deal.won'], ...(part as object), handle() {} });
  expect(() => testPlugin(wrong)).toThrow(told);
});
