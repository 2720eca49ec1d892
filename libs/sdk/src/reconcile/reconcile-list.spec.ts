import { expect, it } from 'vitest';
import { escapeToken, markFields, type PageAnswer, type PageQuestion } from '@crm-mesh/contract';
import type { ReconcileContext } from './plugin-reconcile.js';
import { reconcileList, type ListedRecord, type ReconcileListOptions } from './reconcile-list.js';

const LOG = { debug() {}, info() {}, warn() {}, error() {} };
const SCOPE = { tenant: 'acme', connection: 'hubspot', entity: 'contact' };
const context = (): ReconcileContext => ({ config: {}, signal: new AbortController().signal, log: LOG, injected: [] });

function createApi(records: ListedRecord[], part: Partial<ReconcileListOptions<unknown>> = {}) {
  let lists = 0;
  const hook = reconcileList({
    entity: 'contact',
    async *list() {
      lists++;
      yield* records;
    },
    ...part,
  });
  const ask = (part_: Partial<PageQuestion> = {}) =>
    hook.page({ ask: 'page', ...SCOPE, from: '', limit: 100, ...part_ }, context());
  const readAll = async (limit: number): Promise<string[]> => {
    const lines: string[] = [];
    for (let from: string | undefined = ''; from !== undefined;) {
      const { packed, after }: PageAnswer = await ask({ from, limit });
      if (packed !== '') lines.push(...packed.split('\n'));
      from = after === undefined ? undefined : `${after}!`;
    }
    return lines;
  };
  return { hook, ask, readAll, lists: () => lists };
}

const many = (count: number): ListedRecord[] =>
  Array.from({ length: count }, (_, index) => ({ id: `${(index * 7919) % 10_007}`, version: index }));

it('sorts what comes in any order, and lists once for all pages', async () => {
  const records = [...many(1_000), { id: 'ü', version: 1 }];
  const { readAll, lists } = createApi(records);
  expect(await readAll(99)).toEqual(
    records.map(({ id, version }) => `${escapeToken(id)}\t${version}`).toSorted(byPlace),
  );
  expect(lists()).toBe(1);
});

it.each([1, 10, 64])('keeps %d of 200 in memory, and lists again for the others', async (keep) => {
  const records = many(200);
  const { readAll, lists } = createApi(records, { keep });
  expect(await readAll(7)).toEqual(records.map(({ id, version }) => `${id}\t${version}`).toSorted(byPlace));
  expect(lists()).toBe(Math.ceil(200 / keep));
});

it('never cuts in two what lies there twice', async () => {
  const records = ['1', '2', '2', '2', '3'].map((id) => ({ id, version: 1 }));
  for (const keep of [1, 2, 3, 9]) {
    const { ask } = createApi(records, { keep });
    expect(await ask({ from: '2', limit: 1 })).toEqual({ packed: '2\t1\n2\t1\n2\t1', after: '2' });
  }
});

it('lists once for all that ask together, and anew after a while', async () => {
  const { ask, lists } = createApi(many(10), { keepMs: 30_000 });
  await Promise.all([ask(), ask({ from: '5' }), ask({ from: '9' })]);
  expect(lists()).toBe(1);
  const { ask: askNow, lists: listsNow } = createApi(many(10), { keepMs: 0 });
  await askNow();
  await askNow();
  expect(listsNow()).toBe(2);
});

it('asks for one record as it is now, where it can', async () => {
  const { ask, lists } = createApi([], { get: async (id) => (id === 'ü' ? { id, version: 7 } : undefined) });
  expect(await ask({ from: '%C3%BC', to: '%C3%BC!' })).toEqual({ packed: '%C3%BC\t7' });
  expect(await ask({ from: 'x', to: 'x!' })).toEqual({ packed: '' });
  expect(lists()).toBe(0);
});

it('hashes fields where it is told which', async () => {
  const values = { email: 'a@example.com', other: 1 };
  const { hook, ask } = createApi([{ id: '1', values }], { fields: ['email'] });
  expect(hook).toMatchObject({ marks: 'fields', fields: { contact: ['email'] } });
  expect(await ask()).toEqual({ packed: `1\t${markFields(values, ['email'])}` });
});

it('fails when the list does, and lists again afterwards', async () => {
  let isAway = true;
  const { ask } = createApi([], {
    async *list() {
      if (isAway) throw new Error('the API is away');
      yield { id: '1', version: 1 };
    },
  });
  await expect(ask()).rejects.toThrow('the API is away');
  isAway = false;
  expect(await ask()).toEqual({ packed: '1\t1' });
});

function byPlace(a: string, b: string): number {
  const [one, other] = [a.split('\t')[0]!, b.split('\t')[0]!];
  return one < other ? -1 : 1;
}
