import { describe, expect, it } from 'vitest';
import { defineSource, type SourceDefinition } from '../../source/define-source.js';
import { GOOD, NOW_MS, pageSize, SAMPLES, toDraft, type Config } from './little-source.fixture.js';
import type { SourceSamples } from './source-samples.js';
import { testSource } from './test-source.js';

/** The checks that fail, and why. */
async function listFailures(part: Partial<SourceDefinition<Config>>, samples: Partial<SourceSamples> = {}) {
  const failures: string[] = [];
  for (const { name, run } of testSource(defineSource({ ...GOOD, ...part }), { ...SAMPLES, ...samples })) {
    await run().catch((error: unknown) => failures.push(`${name} – ${(error as Error).message}`));
  }
  return failures;
}

describe('testSource', () => {
  it('passes a source that does all that it must', async () => expect(await listFailures({})).toEqual([]));

  const { verify, split, map, fetch, scan } = GOOD;
  let count = 0;
  const bugs: [string, Partial<SourceDefinition<Config>>, string][] = [
    ['accepts anything', { verify: () => ({ ok: true, scheme: 'x' }) }, 'flipped bit in byte 0'],
    ['accepts anything', { verify: () => ({ ok: true, scheme: 'x' }) }, 'with no header and another address'],
    [
      'keeps no clock',
      { verify: (request, context) => verify!(request, { ...context, now: () => NOW_MS }) },
      'could be sent again',
    ],
    [
      'throws over a header',
      {
        verify: (request, c) => (request.headers['time']!.length > 0 ? verify!(request, c) : { ok: true, scheme: '' }),
      },
      'verify throws TypeError',
    ],
    [
      'tells its secret',
      { verify: (_, { config }) => ({ ok: false, code: 'signature-mismatch', reason: config.key }) },
      'repeats a secret',
    ],
    ['verifies later', { verify: (() => Promise.resolve({ ok: true })) as never }, 'a Promise?'],
    ['has no proof', { verify: undefined as never }, 'is missing beside split'],
    [
      'counts on',
      { split: (request, c) => split!(request, c).map((d) => ({ ...d, dedupeKey: `${count++}` })) },
      'read again:[0].dedupeKey',
    ],
    [
      'forgets the version',
      {
        split: (request, c) =>
          split!(request, c).map((d) => ({
            ...d,
            change: d.dedupeKey.endsWith('2') ? 'deleted' : 'updated',
            dedupeKey: d.id,
          })),
      },
      'one of the two would be lost',
    ],
    [
      'reads with JSON.parse',
      { split: ({ body }) => (JSON.parse(String(body)) as unknown[]).map(toDraft) },
      'an empty body: SyntaxError',
    ],
    [
      'leaves numbers as ids',
      { split: (request, c) => split!(request, c).map((d) => ({ ...d, id: 4711 as never })) },
      'id 4711 is no text',
    ],
    [
      'has an entity of its own',
      { split: (request, c) => split!(request, c).map((d) => ({ ...d, entity: 'Kunde' })) },
      'entity "Kunde" is none',
    ],
    [
      'tells days',
      { split: (request, c) => split!(request, c).map((d) => ({ ...d, modifiedAt: '2026-03-24' })) },
      'no ISO 8601 time with a zone',
    ],
    [
      'keeps a Date',
      { split: (request, c) => split!(request, c).map((d) => ({ ...d, payload: new Date() })) },
      'does not fit into JSON',
    ],
    [
      'asks in split',
      { split: (request, c) => (void c.api.request({ path: '/x' }), split!(request, c)) },
      'must be stored before',
    ],
    ['maps nothing', { map: () => ({ state: 'deleted' }) }, 'one.state is "deleted", and should be "present"'],
    [
      'maps another id',
      { map: () => ({ state: 'present', record: { id: 'c2', name: 'No. 1' } }) },
      'not the id of the notification',
    ],
    [
      'maps what is there',
      {
        map: ({ notification: { id } }) => ({ state: 'present', record: { id, name: 'No. 1', surname: 'X' } as never }),
      },
      'breaks its schema: surname',
    ],
    [
      'trips over null',
      { map: (input, c) => (map(input, c), (input.fetched as object).toString(), map(input, c)) },
      'map throws TypeError',
    ],
    [
      'finds what is gone',
      { map: ({ notification }) => ({ state: 'present', record: { id: notification.id, name: 'No. 1' } }) },
      'as if it were there',
    ],
    [
      'takes errors for absence',
      { fetch: (entity, ids, c) => fetch!(entity, ids, c).catch(() => new Map()) },
      'says of records that they do not exist',
    ],
    ['invents records', { fetch: async (_, ids) => new Map(ids.map((id) => [id, {}])) }, 'finds contact c9'],
    [
      'walks in circles',
      { scan: { ...scan!, page: async (request, c) => ({ ...(await scan!.page(request, c)), cursor: '2' }) } },
      'does not end',
    ],
    [
      'ends too early',
      { scan: { ...scan!, page: async (request, c) => ({ drafts: (await scan!.page(request, c)).drafts }) } },
      'misses contact c2',
    ],
    [
      'swallows failures',
      { scan: { ...scan!, page: (request, c) => scan!.page(request, c).catch(() => ({ drafts: [] })) } },
      'although nothing was answered',
    ],
    ['counts pages in memory', { scan: countInMemory() }, 'a cursor comes again'],
    [
      'scans more than it shows',
      { scan: { ...scan!, entities: () => ['contact', 'deal'] } },
      'has none for scan of deal',
    ],
    ['misspells', { mapp: map } as never, 'Did you mean "map"?'],
    [
      'takes any settings',
      { config: { '~standard': { version: 1, vendor: 'x', validate: (value) => ({ value: value as Config }) } } },
      'would go unseen',
    ],
  ];

  it.each(bugs)('finds a source that %s', async (_, part, why) => {
    expect((await listFailures(part)).join('\n')).toContain(why);
  });

  it('finds a source that takes an empty body for a proof that stands in the body', async () => {
    const proves = { body: false, time: false, by: 'body' as const };
    const anything = { verify: () => ({ ok: true as const, scheme: 'x' }) };
    expect((await listFailures(anything, { proves })).join('\n')).toContain('without its body it is still accepted');
  });

  it('lets a reason name the header that is configured', async () => {
    const config = { key: 'x-little-signature' };
    const reject = {
      name: 'nothing to see',
      request: { headers: { 'x-little-signature': 'x' }, body: '[]' },
      expect: 'reject' as const,
    };
    const code = 'signature-mismatch' as const;
    const part = { verify: () => ({ ok: false as const, code, reason: 'x-little-signature is wrong.' }) };
    const failures = await listFailures(part, { config, signatures: [reject] });
    expect(failures.join('\n')).not.toContain('repeats a secret');
  });

  it('finds that samples are missing', async () => {
    const failures = await listFailures({}, { requests: [], signatures: [], fetches: [], walks: [] });
    expect(failures.map((failure) => failure.split(' – ')[0]!.split(':')[0])).toEqual(
      expect.arrayContaining(['verify', 'split', 'map', 'fetch', 'scan']),
    );
  });
});

/** A cursor that means nothing after a restart. */
function countInMemory(): SourceDefinition<Config>['scan'] {
  const places = new WeakMap<object, number>();
  return {
    ...GOOD.scan!,
    page: async ({ cursor, ...request }, context) => {
      const place = places.get(context.config) ?? 0;
      places.set(context.config, place + 1);
      const given = place === 0 && cursor === undefined ? {} : { cursor: String(place * pageSize) };
      return GOOD.scan!.page({ ...request, ...given }, context);
    },
  };
}
