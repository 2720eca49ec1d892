import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildEvent, eventSubject, type EventParts } from '@crm-mesh/contract';
import { makeTempDir } from '@crm-mesh/testing';
import type { OpenDeadLetter } from './dead-letters.js';
import { loadPatchFile, patchLetter } from './patch-letter.js';

const folder = makeTempDir('patch');
afterAll(() => folder.remove());

const address = { tenant: 'acme', connection: 'hubspot', entity: 'deal', action: 'won', id: '4711' };
const record = { id: '4711', name: 'A deal', status: 'won' };
const parts = {
  ...{ address, record, changes: {}, version: 3, time: '2026-01-01T00:00:00.000Z' },
  ...{ origin: 'webhook', correlationId: 'c', causationId: 'n' },
} as unknown as EventParts;
const event = buildEvent(parts);
const letter = {
  ...{ sequence: 7, consumer: 'a', version: 'v1', group: 'g', record: 'acme/hubspot/deal/4711' },
  ...{ buriedAt: '', attempts: [], attemptCount: 1, error: { name: 'E', message: 'm', stack: 's' } },
  original: { subject: eventSubject(address) },
} as unknown as OpenDeadLetter;

let files = 0;
async function load(body: string) {
  const file = join(folder.path, `fix-${++files}.ts`);
  writeFileSync(file, body);
  return loadPatchFile(folder.path, file);
}

const patchWith = async (apply: string, payload = JSON.stringify(event)) => {
  const patch = await load(
    `import { definePatch } from '@crm-mesh/sdk';\nexport default definePatch((event: any, letter: any) => ${apply});`,
  );
  return patchLetter(letter, Buffer.from(payload), patch);
};

describe('a patch', () => {
  it('gives before and after', async () => {
    const outcome = await patchWith(`({ ...event, data: { ...event.data, name: letter.record + letter.sequence } })`);
    expect(outcome).toMatchObject({
      kind: 'patched',
      before: { data: { name: 'A deal' } },
      after: { id: event.id, data: { name: 'acme/hubspot/deal/47117' } },
    });
  });

  it('may change what it is given, and take its time', async () => {
    const outcome = await patchWith(`Promise.resolve((event.data.name = 'B', event))`);
    expect(outcome).toMatchObject({
      kind: 'patched',
      before: { data: { name: 'A deal' } },
      after: { data: { name: 'B' } },
    });
  });

  it('leaves alone what it gives nothing back for', async () =>
    expect(await patchWith('undefined')).toEqual({ kind: 'left' }));

  it.each([
    ['an event that is none', `({ ...event, data: { id: '4711', amount: 'a lot' } })`, /MESH_EVENT_INVALID|amount/],
    ['another id', `({ ...event, id: event.id.replace('@3', '@9') })`, /id must stay/],
    ['another type', `({ ...event, type: 'crm.deal.updated' })`, /type must stay/],
    ['another record', `({ ...event, subject: 'deal/1', data: { ...event.data, id: '1' } })`, /id does not agree/],
    ['nonsense', `'x'`, /id must stay/],
    ['an error', `{ throw new TypeError('oh') }`, /TypeError: oh/],
  ])('refuses %s', async (_what, apply, reason) =>
    expect(await patchWith(apply)).toMatchObject({ kind: 'refused', reason: expect.stringMatching(reason) as unknown }),
  );

  it('cannot make an event of another record out of what was none', async () => {
    const other = JSON.stringify(
      buildEvent({ ...parts, address: { ...address, id: '1' }, record: { ...record, id: '1' } }),
    );
    expect(await patchWith(`(${other})`, '{}')).toMatchObject({
      reason: expect.stringMatching(/another record/) as unknown,
    });
    expect(await patchWith(`(${JSON.stringify(event)})`, '{}')).toMatchObject({ kind: 'patched' });
  });

  it('cannot mend what is no JSON, or gone', async () => {
    expect(await patchWith('event', 'x')).toMatchObject({ kind: 'refused', reason: 'its payload is no JSON' });
    const patch = await load(`import { definePatch } from '@crm-mesh/sdk';\nexport default definePatch((e) => e);`);
    expect(await patchLetter(letter, undefined, patch)).toMatchObject({ reason: 'its payload is gone' });
  });

  it('cannot change what lies in the object store', async () => {
    const { data: _data, ...rest } = event;
    const reference = JSON.stringify({ dataref: `nats-object://mesh_claims/${'a'.repeat(64)}`, ...rest });
    const reason = expect.stringMatching(/lies in the object store/) as unknown;
    expect(await patchWith('event', reference)).toMatchObject({ kind: 'refused', reason });
  });

  it.each([
    ['a file that is not there', undefined, /does not exist/],
    ['one that is no TypeScript', 'export default (', /fix-\d+\.ts:1/],
    ['one without a patch', 'export default 7;', /no patch as its default export/],
    ['one that throws', `throw new Error('oh');`, /throws while it is loaded/],
  ])('refuses %s', async (_what, body, reason) => {
    const loading = body === undefined ? loadPatchFile(folder.path, 'nowhere.ts') : load(body);
    await expect(loading).rejects.toMatchObject({ code: 'MESH_PATCH_INVALID', message: expect.stringMatching(reason) });
  });

  it('has a hash that tells what it does', async () => {
    const write = async (name: string, text: string) => {
      writeFileSync(join(folder.path, name), text);
      return (await loadPatchFile(folder.path, name)).hash;
    };
    const text = `import { definePatch } from '@crm-mesh/sdk';\nexport default definePatch((e) => e);`;
    const hash = await write('one.ts', text);
    expect(await write('one.ts', text)).toBe(hash);
    expect(await write('one.ts', `${text}\n// other`)).not.toBe(hash);
  });
});
