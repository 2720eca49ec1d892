import { describe, expect, expectTypeOf, it } from 'vitest';
import { IsInt, Min } from 'class-validator';
import { z } from 'zod';
import { ENTITIES, listActions, type Deal, type EventType } from '@crm-mesh/contract';
import { PermanentError, RetryLater, Unavailable } from '../delivery-errors.js';
import { definePlugin, type Plugin } from '../plugin.js';
import { buildTestEvent } from './build-test-event.js';
import { testPlugin } from './test-plugin.js';

class Config {
  @IsInt()
  @Min(1)
  limit = 10;
}

function handling(handle: Plugin<'deal.won'>['handle'], more: Partial<Plugin<'deal.won'>> = {}) {
  return testPlugin(definePlugin({ name: 'probe', events: ['deal.won'], handle, ...more }));
}

describe('buildTestEvent', () => {
  const types = ENTITIES.flatMap((entity) => listActions(entity).map((action) => `${entity}.${action}` as EventType));

  it.each([...types, 'custom-visit.created' as const])('builds a valid %s', (type) => {
    expect(buildTestEvent(type)).toMatchObject({ type: `crm.${type}`, tenant: 'acme', recordversion: 1 });
  });

  it('takes what matters to the test', () => {
    const event = buildTestEvent(
      'deal.won',
      { id: '7', amount: { value: '250.00', currency: 'EUR' } },
      { tenant: 'umbrella', version: 3 },
    );
    expectTypeOf(event.data).toExtend<Deal>();
    expect(event).toMatchObject({
      id: 'umbrella/hubspot/deal/7@3',
      data: { status: 'won', amount: { value: '250.00' } },
    });
  });

  it('refuses what the schema refuses', () => {
    expect(() => buildTestEvent('deal.won', { amount: { value: 'much', currency: 'EUR' } })).toThrow(
      /MESH_EVENT_INVALID.*amount/,
    );
    // @ts-expect-error no such field
    expect(() => buildTestEvent('deal.won', { amonut: undefined })).not.toThrow();
  });
});

describe('testPlugin', () => {
  it('hands the handler what the host would', async () => {
    const plugin = definePlugin({
      name: 'probe',
      events: ['deal.*'],
      config: Config,
      handle(event, { config, idempotencyKey, attempt, log }) {
        log.info({ limit: config.limit }, 'seen');
        return { receipt: { idempotencyKey, attempt, name: event.data.name } };
      },
    });
    const test = testPlugin(plugin, { config: { limit: 3 } });
    const run = await test.send('deal.lost', { id: '7', name: 'Big one' });
    expect(run).toMatchObject({
      outcome: 'done',
      settled: 'acked',
      receipt: { idempotencyKey: 'probe:acme/hubspot/deal/7@1', attempt: 1, name: 'Big one' },
      logs: [{ level: 'info', message: 'seen', fields: { limit: 3 } }],
    });
    // @ts-expect-error it does not listen to contacts
    await expect(test.send('contact.created')).rejects.toThrow('does not listen to crm.contact.created');
  });

  it('counts versions per record', async () => {
    const test = testPlugin(definePlugin({ name: 'probe', events: ['*'], handle: (event) => ({ receipt: event.id }) }));
    const ids = [
      await test.send('deal.won', { id: '1' }),
      await test.send('deal.lost', { id: '1' }),
      await test.send('contact.created', { id: '1' }),
    ];
    expect(ids.map((run) => run.receipt)).toEqual([
      'acme/hubspot/deal/1@1',
      'acme/hubspot/deal/1@2',
      'acme/hubspot/contact/1@1',
    ]);
  });

  it('repeats a failed attempt', async () => {
    const run = await handling((_, { attempt }) => {
      if (attempt === 1) throw new Error('hiccup');
      if (attempt === 2) throw new RetryLater(500);
    }).send('deal.won');
    expect(run).toMatchObject({ outcome: 'done', settled: 'acked' });
    expect(run.attempts.map(({ kind }) => kind)).toEqual(['failed', 'retry-later', 'done']);
  });

  it.each<[label: string, Error, outcome: string, settled: string, attempts: number]>([
    ['a failure for ever', new Error('no'), 'failed', 'buried', 3],
    ['RetryLater for ever', new RetryLater(1), 'retry-later', 'buried', 3],
    ['PermanentError', new PermanentError('no'), 'permanent', 'buried', 1],
    ['Unavailable', new Unavailable('down'), 'unavailable', 'waiting', 1],
  ])('%s', async (_, ...[error, outcome, settled, attempts]) => {
    const run = await handling(
      () => {
        throw error;
      },
      { delivery: { maxAttempts: 3 } },
    ).send('deal.won');
    expect(run).toMatchObject({ outcome, settled, error });
    expect(run.attempts).toHaveLength(attempts);
  });

  it('shows a timeout and a stop', async () => {
    const hang: Plugin<'deal.won'>['handle'] = (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    expect(await handling(hang, { delivery: { timeoutMs: 5, maxAttempts: 1 } }).send('deal.won')).toMatchObject({
      outcome: 'timeout',
      settled: 'buried',
    });
    const stopping = new AbortController();
    setTimeout(() => stopping.abort(), 5);
    expect(await handling(hang).send('deal.won', {}, { signal: stopping.signal })).toMatchObject({
      outcome: 'interrupted',
      settled: 'waiting',
    });
  });

  it('checks the configuration by class and by Standard Schema', async () => {
    const byClass = definePlugin({
      name: 'probe',
      events: ['deal.won'],
      config: Config,
      handle: (_, { config }) => ({ receipt: config.limit }),
    });
    expect((await testPlugin(byClass).send('deal.won')).receipt).toBe(10);
    await expect(testPlugin(byClass, { config: { limit: 0 } }).send('deal.won')).rejects.toThrow(
      /MESH_CONFIG_INVALID.*plugins\.probe: limit/,
    );
    await expect(testPlugin(byClass, { config: { limt: 1 } }).send('deal.won')).rejects.toThrow(/limt/);
    const schema = z.object({ limit: z.coerce.number().min(1) });
    const byStandard = definePlugin({
      name: 'probe',
      events: ['deal.won'],
      config: schema,
      handle: (_, { config }) => ({ receipt: config.limit }),
    });
    expect((await testPlugin(byStandard, { config: { limit: '4' } }).send('deal.won')).receipt).toBe(4);
    await expect(testPlugin(byStandard, { config: {} }).send('deal.won')).rejects.toThrow(/plugins\.probe: limit/);
  });

  it.each<[what: string, more: Partial<Plugin<'deal.won'>>, problem: RegExp]>([
    ['a name', { name: 'Not A Name' }, /MESH_PLUGIN_INVALID.*name: "Not A Name" is not allowed.*1 to 32 lower-case/],
    ["one of the mesh's own names", { name: 'normaliser' }, /name: "normaliser" is one of the mesh's own consumers/],
    [
      'an event',
      { events: ['deal.wonn' as 'deal.won'] },
      /events\[0\]: "deal.wonn" is no event.*Did you mean "deal.won"/,
    ],
    ['two handlers', { handleBatch: () => {} }, /handleBatch: stands beside handle/],
    [
      'a policy that needs handleBatch',
      { delivery: { ack: 'all' } },
      /delivery\.ack: is "all", which needs handleBatch/,
    ],
    ['no event', { events: [] }, /events: names no event/],
    ['a number', { delivery: { maxAttempts: 0 } }, /delivery\.maxAttempts: is 0.*whole number from 1 to 1000/],
    ['a part of a millisecond', { delivery: { timeoutMs: 1.5 } }, /delivery\.timeoutMs: is 1\.5/],
    ['a field', { handel: () => {} } as object, /handel: is not known.*Did you mean "handle"/],
  ])('refuses %s that the host refuses', (_, more, problem) => {
    expect(() => handling(() => {}, more)).toThrow(problem);
  });

  it('refuses options that no plugin could have', () => {
    const plugin = definePlugin({ name: 'probe', events: ['deal.won'], handle() {} });
    expect(() => testPlugin(plugin, { maxAttempts: 0 })).toThrow(/options\.maxAttempts: is 0/);
    expect(() => testPlugin(plugin, { timeoutMs: Infinity })).toThrow(/options\.timeoutMs: is Infinity/);
  });

  it('closes without a word when setup has failed, and tears nothing down', async () => {
    let isTornDown = false;
    const test = handling(() => {}, {
      setup: () => Promise.reject(new Error('no database')),
      teardown: () => void (isTornDown = true),
    });
    await expect(test.send('deal.won')).rejects.toThrow('no database');
    await expect(test.close()).resolves.toBeUndefined();
    expect(isTornDown).toBe(false);
  });

  it('runs a batch as the host does: what it names waits or is buried alone, its record behind it', async () => {
    const batches: string[][] = [];
    const plugin = definePlugin({
      name: 'probe',
      events: ['deal.won'],
      delivery: 'stream',
      handleBatch(events, { attempt, idempotencyKey }) {
        batches.push(events.map(idempotencyKey));
        const failed = events.filter(({ data }) => data.id === 'bad' || (data.id === 'late' && attempt === 1));
        return {
          failed: failed.map(({ id, data }) => ({
            id,
            error: data.id === 'bad' ? new PermanentError('no') : new Error('hiccup'),
          })),
        };
      },
    });
    const build = (id: string, version = 1) => buildTestEvent('deal.won', { id }, { version });
    const items = await testPlugin(plugin).sendBatch([build('late'), build('late', 2), build('bad'), build('good')]);
    expect(items.map(({ settled, attempts }) => [settled, attempts])).toEqual([
      ['acked', 2],
      ['acked', 1],
      ['buried', 1],
      ['acked', 1],
    ]);
    expect(batches.map((batch) => batch.length)).toEqual([4, 2]);
    expect(await testPlugin(plugin).send('deal.won', { id: 'good' })).toMatchObject({
      outcome: 'done',
      settled: 'acked',
    });
    expect(await testPlugin(plugin).send('deal.won', { id: 'bad' })).toMatchObject({ settled: 'buried' });
  });

  it('buries nothing for the failure of another in its batch', async () => {
    const plugin = definePlugin({
      name: 'probe',
      events: ['deal.won'],
      delivery: { maxAttempts: 2 },
      handleBatch(events) {
        if (events.some(({ data }) => data.id === 'poison')) throw new Error('no');
      },
    });
    const events = ['a', 'poison', 'b'].map((id) => buildTestEvent('deal.won', { id }));
    const items = await testPlugin(plugin).sendBatch(events);
    expect(items.map(({ settled }) => settled)).toEqual(['acked', 'buried', 'acked']);
  });

  it('drops what fails at most once, in a batch or alone', async () => {
    const fail = () => {
      throw new Error('no');
    };
    const single = await handling(fail, { delivery: { ack: 'none' } }).send('deal.won');
    expect(single).toMatchObject({ settled: 'dropped', outcome: 'failed' });
    expect(single.attempts).toHaveLength(1);
    const batching = definePlugin({
      name: 'probe',
      events: ['deal.won'],
      delivery: { ack: 'none' },
      handleBatch: fail,
    });
    const items = await testPlugin(batching).sendBatch([buildTestEvent('deal.won'), buildTestEvent('deal.won')]);
    expect(items.map(({ settled }) => settled)).toEqual(['dropped', 'dropped']);
  });

  it('refuses a batch that names a stranger', async () => {
    const plugin = definePlugin({
      name: 'probe',
      events: ['deal.won'],
      delivery: { maxAttempts: 1 },
      handleBatch: () => ({ failed: [{ id: 'nobody', error: new Error('no') }] }),
    });
    const [item] = await testPlugin(plugin).sendBatch([buildTestEvent('deal.won')]);
    expect(item).toMatchObject({ settled: 'buried', error: { message: expect.stringContaining('"nobody"') } });
  });

  it('runs setup once before the first event, and teardown at the end', async () => {
    const steps: string[] = [];
    const test = handling(() => void steps.push('handle'), {
      setup: () => void steps.push('setup'),
      teardown: () => void steps.push('teardown'),
    });
    await test.send('deal.won');
    await test.send('deal.won');
    await test.close();
    expect(steps).toEqual(['setup', 'handle', 'handle', 'teardown']);
  });
});
