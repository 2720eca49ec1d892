import { describe, expect, it } from 'vitest';
import { RefusedRequest } from '../../source/api.js';
import { defineSource, type SourceDefinition } from '../../source/define-source.js';
import type { WriteRequest } from '../../source/write.js';
import { GOOD, SAMPLES, type Config } from './little-source.fixture.js';
import { testSource } from './test-source.js';

const WRITES = [
  { entity: 'contact', record: { firstName: 'Ada', lastName: 'Byron' }, change: { firstName: null, lastName: 'King' } },
];

type Write = NonNullable<SourceDefinition<Config>['write']>;

/** A CRM that remembers what was written; `spoil` is what is wrong with it. */
function makeWriter(spoil: (write: Write, request: WriteRequest) => Write = (write) => write) {
  const rows = new Map<string, Record<string, unknown>>();
  let made = 0;
  const write: Write = async ({ verb, id = `w${(made += 1)}`, record }, { api }) => {
    await api.request({ path: '/contacts' });
    if (verb === 'update' && !rows.has(id)) throw new RefusedRequest('no such record', 404);
    if (verb === 'delete') rows.delete(id);
    else rows.set(id, { ...rows.get(id), ...record });
    return { id };
  };
  return {
    write: ((request, context) => spoil(write, request)(request, context)) satisfies Write,
    fetch: (async (entity, ids, context) => {
      const others = ids.filter((id) => !id.startsWith('w'));
      const found = others.length > 0 ? await GOOD.fetch!(entity, others, context) : [];
      return new Map([...found, ...ids.flatMap((id) => (rows.has(id) ? [[id, rows.get(id)] as const] : []))]);
    }) satisfies SourceDefinition<Config>['fetch'],
    map: (async (input, context) => {
      const { id } = input.notification;
      if (!id.startsWith('w')) return GOOD.map(input, context);
      const kept = Object.entries(input.fetched as object).filter(([, value]) => value !== null);
      return { state: 'present', record: { id, ...Object.fromEntries(kept) } as never };
    }) satisfies SourceDefinition<Config>['map'],
  };
}

async function listFailures(part: Partial<SourceDefinition<Config>>, writes = WRITES): Promise<string[]> {
  const failures: string[] = [];
  for (const { name, run } of testSource(defineSource({ ...GOOD, ...part }), { ...SAMPLES, writes }))
    await run().catch((error: unknown) => failures.push(`${name} – ${(error as Error).message}`));
  return failures;
}

describe('a source that writes', () => {
  it('passes where it does what it says', async () => expect(await listFailures(makeWriter())).toEqual([]));

  it('is asked for samples', async () =>
    expect(await listFailures(makeWriter(), [])).toEqual(['write: has samples – samples.writes is empty']));

  it.each<[string, (write: Write, request: WriteRequest) => Write, string]>([
    ['makes nothing', (write, { verb }) => (verb === 'create' ? async () => ({ id: 'w1' }) : write), 'cannot be read'],
    ['gives no id', (write, { verb }) => (verb === 'create' ? async () => ({ id: '' }) : write), 'gives the id ""'],
    [
      'forgets what is to be emptied',
      (write) => (request, context) => {
        const told = Object.entries(request.record ?? {}).filter(([, value]) => value !== null);
        return write({ ...request, record: Object.fromEntries(told) }, context);
      },
      'firstName is "Ada"',
    ],
    [
      'deletes nothing',
      (write, { verb }) => (verb === 'delete' ? async ({ id }) => ({ id: id! }) : write),
      'is still there',
    ],
    [
      'makes a record of a change that names none',
      (write, { id }) =>
        id === undefined ? (request, context) => write({ ...request, verb: 'create' }, context) : write,
      'names no record is taken',
    ],
    [
      'answers for an API that is down',
      (write) => (request, context) => write(request, context).catch(() => ({ id: 'w1' })),
      'although nothing was answered',
    ],
  ])('is found out where it %s', async (_, spoil, problem) =>
    expect((await listFailures(makeWriter(spoil))).join('\n')).toContain(problem),
  );
});
