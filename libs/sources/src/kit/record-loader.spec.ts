import { defineSource } from '@crm-mesh/sdk';
import { expect, it } from 'vitest';
import { createContext } from '../../test/context.js';
import { createRecordLoader } from './record-loader.js';

class Config {
  any?: string;
}

it('gathers what lanes ask for into batches per entity, and keeps nothing', async () => {
  const reads: string[] = [];
  const source = defineSource<Config>({
    name: 'x',
    config: Config,
    fetchBatchSize: 2,
    map: () => ({ state: 'deleted' }),
    fetch: (entity, ids) => {
      reads.push(`${entity}: ${ids.join(' ')}`);
      const found = ids
        .filter((id) => id !== 'gone')
        .map((id) => [id, id === 'bad' ? new Error('bad') : `${entity}/${id}`] as const);
      return Promise.resolve(new Map<string, unknown>(found));
    },
  });
  const load = createRecordLoader(source, createContext(new Config()), 1);
  const results = await Promise.allSettled([
    load('deal', '1'),
    load('contact', '1'),
    load('deal', 'gone'),
    load('deal', 'bad'),
  ]);
  expect(results).toMatchObject([
    { value: 'deal/1' },
    { value: 'contact/1' },
    { value: undefined },
    { reason: new Error('bad') },
  ]);
  expect(reads.toSorted()).toEqual(['contact: 1', 'deal: 1 gone', 'deal: bad']);
  await load('deal', '1');
  expect(reads).toHaveLength(4);
});
