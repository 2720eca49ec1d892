import { describe, expect, it } from 'vitest';
import type { HandlerItem } from '@crm-mesh/delivery';
import type { DurableState } from '@crm-mesh/jetstream';
import { definePlugin, type EventPattern, type Plugin } from '@crm-mesh/sdk';
import { buildTestEvent } from '@crm-mesh/sdk/testing';
import { createLogger } from '@crm-mesh/telemetry';
import { choosePolicy } from './choose-policy.js';
import { checkLiveFilter, describeConsumer } from './describe-consumer.js';
import type { PluginCode } from './plugin-code.js';
import { createRunHandler } from './run-handler.js';
import { summarise } from './summarise.js';
import { readLane } from './read-lane.js';

const LOG = createLogger({ app: 'test', level: 'silent' });

function specOf(events: readonly EventPattern[], more: Partial<Plugin> = {}) {
  const plugin = definePlugin({ name: 'probe', events, handle() {}, ...more });
  return describeConsumer({ code: codeOf(plugin), version: 'abc', policy: choosePolicy() });
}

function codeOf(plugin: Plugin): PluginCode {
  const nothing = async (): Promise<void> => undefined;
  return {
    summary: summarise(plugin),
    ...{ configure: nothing, setup: nothing, teardown: nothing, close: nothing, setConsuming() {} },
    runHandler: createRunHandler(plugin, {}, LOG),
    laneOf: (item) => readLane(plugin, item),
    untilReady: () => undefined,
    restarting: undefined,
  };
}

function itemOf(data: string): HandlerItem {
  return {
    stream: 'CRM_EVENTS',
    subject: 'crm.acme.hubspot.deal.won.7',
    sequence: 1,
    data: Buffer.from(data),
    storedAtMs: 0,
  };
}

describe('describeConsumer', () => {
  it('covers what the plugin listens to by one filter, and sifts the rest', () => {
    const spec = specOf(['deal.won', 'deal.lost']);
    expect(spec.filterSubject).toBe('crm.*.*.deal.*.*');
    expect(spec.accepts?.('crm.acme.hubspot.deal.won.7')).toBe(true);
    expect(spec.accepts?.('crm.acme.hubspot.deal.updated.7')).toBe(false);
    expect(spec.metadata).toMatchObject({
      owner: 'crm-mesh',
      plugin: 'probe',
      'plugin.version': 'abc',
      events: 'deal.won, deal.lost',
    });
  });

  it("keeps in order what the plugin's key says", () => {
    const byCompany = specOf(['deal.won'], { key: (event) => (event.data as { companyId?: string }).companyId ?? '' });
    expect(byCompany.laneOf?.(itemOf(JSON.stringify(buildTestEvent('deal.won', { companyId: 'c9' }))))).toBe('c9');
    expect(byCompany.laneOf?.(itemOf('not json'))).toBe('crm.acme.hubspot.deal.won.7');
    expect(specOf(['deal.won']).laneOf).toBeUndefined();
  });
});

describe('checkLiveFilter', () => {
  const live = (filterSubject: string, created = filterSubject) =>
    ({ filterSubject, metadata: { filter: created } }) as unknown as DurableState;

  it.each([
    ['the same', live('crm.*.*.deal.won.*'), true],
    ['a wider one of ours', live('crm.>'), true],
    ['a narrower one of ours', live('crm.*.*.deal.lost.*'), false],
    ['a narrower one by an operator', live('crm.acme.*.deal.won.*', 'crm.*.*.deal.won.*'), true],
    ['one that was widened by an operator', live('crm.*.*.deal.*.*', 'crm.*.*.deal.lost.*'), true],
  ])('%s', (_, durable, isFine) => {
    expect(checkLiveFilter(specOf(['deal.won']), durable) === undefined).toBe(isFine);
  });

  it('says how to widen it', () => {
    const refusal = checkLiveFilter(specOf(['deal.*']), live('crm.*.*.deal.won.*'));
    expect(refusal).toMatchObject({
      code: 'MESH_PLUGIN_INVALID',
      cure: expect.stringContaining(`nats consumer edit CRM_EVENTS probe --filter 'crm.*.*.deal.*.*' --force`),
    });
  });
});
