import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { linesOf, named, path, start, statusOf, tell, until, useHost } from './isolated-plugins.fixture.js';

useHost();

/** A plugin whose service is built by the types of its constructor, and which says in a file what it lives through. */
function writePlugin(name: string, label: string, { service = '', more = '', provider = 'Ledger' } = {}): void {
  writeFileSync(path(`ledger-${name}.ts`), `export class Rates { readonly factor = 2; }\n`);
  writeFileSync(
    path(`plugins/${name}.plugin.ts`),
    `
    import { appendFileSync } from 'node:fs';
    import { definePlugin, PLUGIN_LOG, type Log } from '@crm-mesh/sdk';
    import { Inject, Injectable, Logger, Module, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
    import { IsOptional } from 'class-validator';
    import { Rates } from '../ledger-${name}.js';
    const say = (what: string) => appendFileSync(${JSON.stringify(path('steps'))}, '${label} ' + what + '\\n');
    class Config { @IsOptional() currency = 'EUR'; }
    @Injectable() class Ledger { readonly lines: string[] = []; }
    @Injectable()
    class Books implements OnModuleInit, OnModuleDestroy {
      private readonly logger = new Logger('Books');
      constructor(private readonly ledger: Ledger, readonly rates: Rates, readonly config: Config, @Inject(PLUGIN_LOG) readonly log: Log) {}
      onModuleInit() { say('init'); ${service} }
      onModuleDestroy() { say('destroy'); }
      book(id: string) { this.logger.log('booking'); this.log.info({ id }, 'booked'); this.ledger.lines.push(id); return [id, this.rates.factor, this.config.currency].join(' '); }
    }
    @Module({ providers: [Books, Rates, ${provider}] }) class BooksModule {}
    export default definePlugin({ name: '${name}', events: ['deal.*'], config: Config, imports: [BooksModule], inject: [Books],
      ${more}
      teardown({ injected: [books] }) { say('teardown ' + books.config.currency); },
      handle(event, { injected: [books] }) { say(books.book(event.data.id)); },
    });
  `,
  );
}

const readSteps = (): string[] =>
  existsSync(path('steps')) ? readFileSync(path('steps'), 'utf8').trim().split('\n') : [];

it.each(['worker', 'inline'])(
  'a plugin (%s) has its providers from before its setup until after its teardown, and each version its own',
  { timeout: 60_000 },
  async (isolation) => {
    const name = named('books');
    const more = `delivery: { isolation: '${isolation}' }, setup({ injected: [books] }) { say('setup ' + books.rates.factor); },`;
    writePlugin(name, 'one', { more });
    await start();
    expect(statusOf(name)).toMatchObject({ state: 'running' });
    await tell('7');
    await until(() => expect(readSteps()).toContain('one 7 2 EUR'));
    expect(linesOf('booked', { plugin: name, id: '7' })).toHaveLength(1);
    if (isolation === 'worker') expect(linesOf('booking', { plugin: name, context: 'Books' })).toHaveLength(1);
    writePlugin(name, 'two', { more });
    await until(() => expect(linesOf('plugin', { plugin: name, state: 'replaced' })).toHaveLength(1));
    await tell('8');
    await until(() => expect(readSteps()).toContain('two 8 2 EUR'));
    rmSync(path(`plugins/${name}.plugin.ts`));
    await until(() => expect(readSteps()).toContain('two destroy'));
    expect(readSteps()).toEqual([
      ...['one init', 'one setup 2', 'one 7 2 EUR', 'two init', 'two setup 2', 'one teardown EUR', 'one destroy'],
      ...['two 8 2 EUR', 'two teardown EUR', 'two destroy'],
    ]);
  },
);

it.each([
  [
    'worker',
    `setup() { throw new Error('no database'); },`,
    ['one init', 'two init', 'two destroy'],
    /setup\(\) of .* failed: no database/,
  ],
  [
    'inline',
    `setup() { throw new Error('no database'); },`,
    ['one init', 'two init', 'two destroy'],
    /setup\(\) of .* failed: no database/,
  ],
])(
  'a version (%s) that fails half-way closes its providers, and the former runs on',
  { timeout: 60_000 },
  async (isolation, setup, steps, told) => {
    const name = named('half');
    const more = `delivery: { isolation: '${isolation}' },`;
    writePlugin(name, 'one', { more });
    await start();
    writePlugin(name, 'two', { more: more + setup });
    await until(() => expect(statusOf(name)).toMatchObject({ state: 'running', reason: expect.stringMatching(told) }));
    expect(readSteps()).toEqual(steps);
    await tell('7');
    await until(() => expect(readSteps()).toContain('one 7 2 EUR'));
  },
);

it.each(['worker', 'inline'])('what cannot be resolved (%s) is refused by file and field', async (isolation) => {
  const name = named('lacking');
  writePlugin(name, 'one', { more: `delivery: { isolation: '${isolation}' },`, provider: '' });
  await start();
  expect(statusOf(name)).toMatchObject({
    state: 'refused',
    reason: expect.stringMatching(
      new RegExp(
        `^${path(`plugins/${name}.plugin.ts`)}: imports: Nest can't resolve .* Books \\(\\?, .*Ledger at index \\[0\\]`,
      ),
    ),
    cure: expect.stringContaining('Add what is missing to the providers of that module'),
  });
  expect(linesOf('plugin', { plugin: name, state: 'refused' })).toMatchObject([{ code: 'MESH_PLUGIN_INVALID' }]);
});

it('a provider that fails for another reason is tried again', async () => {
  const name = named('flaky');
  writePlugin(name, 'one', { service: `throw new Error('ledger is away');` });
  await start();
  expect(statusOf(name)).toMatchObject({ state: 'refused', reason: expect.stringContaining('failed: ledger is away') });
  expect(linesOf('plugin', { plugin: name, state: 'refused' })).toMatchObject([{ code: 'MESH_PLUGIN_SETUP_FAILED' }]);
});
