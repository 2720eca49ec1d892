import type { HostExplanation, PluginTrace } from '@crm-mesh/control';
import { expect, it } from 'vitest';
import { areAllTold, mergeTraces } from './explain-record.js';

const trace = (consumer: string, state: PluginTrace['state']): PluginTrace => ({
  consumer,
  state,
  standing: 'agrees',
  items: [],
});
const host = (name: string, ...plugins: PluginTrace[]): HostExplanation => ({ host: name, plugins });
const consumers = [{ name: 'audit' }, { name: 'erp' }, { name: 'shop', app: 'orders' }];

it.each<[string, HostExplanation[], boolean]>([
  ['nobody has answered', [], false],
  ['one plugin is not told of', [host('a', trace('audit', 'running'))], false],
  ['one runs elsewhere', [host('a', trace('audit', 'running'), trace('erp', 'standby'))], false],
  ['one is paused, and another host may run it', [host('a', trace('audit', 'running'), trace('erp', 'paused'))], false],
  ['all run on one', [host('a', trace('audit', 'running'), trace('erp', 'running'))], true],
  ['all run on some', [host('a', trace('audit', 'running')), host('b', trace('erp', 'running'))], true],
])('%s', (_name, hosts, isEnough) => {
  expect(areAllTold({ consumers }, hosts)).toBe(isEnough);
});

it('takes of each plugin what the host says that runs it', () => {
  const hosts = [
    host('b', trace('erp', 'standby'), trace('audit', 'gone')),
    host('a', trace('erp', 'running'), trace('audit', 'refused')),
  ];
  expect(mergeTraces(hosts)).toEqual([
    { ...trace('audit', 'refused'), host: 'a' },
    { ...trace('erp', 'running'), host: 'a' },
  ]);
});
