import { describe, expect, it } from 'vitest';
import type { PageAnswer } from '@crm-mesh/contract';
import { checkReconcile } from '../checks/check-reconcile.js';
import { answerQuestion } from './answer-question.js';
import { cutPage } from './check-answer.js';
import type { PluginReconcile } from './plugin-reconcile.js';

const SCOPE = { tenant: 'acme', connection: 'hubspot', entity: 'contact' };
const LOG = { debug() {}, info() {}, warn() {}, error() {} };
const HOOK: PluginReconcile = { entities: ['contact'], marks: 'version', page: async () => ({ packed: 'a\t1' }) };

function ask(question: unknown, part: Partial<PluginReconcile> = {}, signal = new AbortController().signal) {
  const plugin = { name: 'probe', events: ['contact.*'], reconcile: { ...HOOK, ...part } };
  return answerQuestion(plugin, question, { config: {}, signal, log: LOG, injected: [] });
}

const page = { ask: 'page', ...SCOPE, from: '', limit: 10 };
const digests = { ask: 'digests', ...SCOPE, ranges: [{ from: '' }] };

describe('a question', () => {
  it.each([
    [undefined, /ask is none/],
    [{ ask: 'what' }, /ask is none/],
    [{ ...page, tenant: undefined }, /tenant is missing/],
    [{ ...page, from: 1 }, /no from/],
    [{ ...page, limit: 0 }, /limit is not/],
    [{ ...digests, ranges: [{}] }, /a range has no from/],
    [{ ...digests, ranges: Array.from({ length: 1_001 }, () => ({ from: '' })) }, /up to 1000/],
    [{ ...page, entity: 'deal' }, /holds no deal/],
    [digests, /knows no digests/],
  ])('%j is refused', async (question, reason) => {
    await expect(ask(question)).rejects.toMatchObject({
      code: 'MESH_RECONCILE_INVALID',
      what: expect.stringMatching(reason),
    });
  });

  it('of holdings is answered from the definition', async () => {
    expect(await ask({ ask: 'holdings' })).toEqual({
      entities: ['contact'],
      marks: 'version',
      events: ['contact.*'],
      digests: false,
    });
  });

  it.each([
    [page, { page: async () => ({}) as PageAnswer }, /no text packed/],
    [page, { page: async () => ({ packed: '', after: 'a' }) }, /has a line at least/],
    [digests, { digests: async () => ({ digests: [] }) }, /not one digest for each/],
    [digests, { digests: async () => ({ digests: [{ records: 1, digest: 'x' }] }) }, /not one digest/],
  ])('%j with an answer that cannot be used is refused', async (question, part, reason) => {
    await expect(ask(question, part)).rejects.toMatchObject({
      code: 'MESH_RECONCILE_INVALID',
      what: expect.stringMatching(reason),
    });
  });

  it('at which the plugin fails, or takes too long, says so', async () => {
    const fails = { page: () => Promise.reject(new Error('no such table')) };
    await expect(ask(page, fails)).rejects.toMatchObject({ code: 'MESH_RECONCILE_FAILED', what: /no such table/ });
    const hangs = { page: () => new Promise<never>(() => undefined) };
    const late = ask(page, hangs, AbortSignal.timeout(20));
    await expect(late).rejects.toMatchObject({ code: 'MESH_RECONCILE_FAILED', what: /timeout/ });
  });
});

describe('a page that is too large', () => {
  const lines = (count: number, place: (index: number) => string) =>
    Array.from({ length: count }, (_, index) => `${place(index)}\t1`).join('\n');

  it('is cut at the end of a line, and says where', () => {
    const packed = lines(100_000, (index) => String(1_000_000 + index));
    const cut = cutPage({ packed });
    expect(cut.packed.length).toBeLessThanOrEqual(600 * 1024);
    expect(packed.startsWith(`${cut.packed}\n`)).toBe(true);
    expect(cut.packed.endsWith(`\n${cut.after}\t1`)).toBe(true);
  });

  it('is not cut between two of the same place', () => {
    const packed = lines(100_000, (index) => (index < 40_000 ? String(1_000_000 + index) : '2000000'));
    expect(cutPage({ packed })).toEqual({
      packed: lines(40_000, (index) => String(1_000_000 + index)),
      after: '1039999',
    });
  });
});

describe('the reconcile of a plugin', () => {
  it.each([
    [undefined, []],
    [HOOK, []],
    [{ ...HOOK, marks: 'fields', fields: { contact: ['email'] } }, []],
    ['yes', ['reconcile is no object']],
    [
      {},
      [
        'reconcile.entities names no entity',
        'reconcile.marks is neither version nor fields',
        'reconcile.page is missing',
      ],
    ],
    [{ ...HOOK, entities: ['contct'] }, ['reconcile.entities[0] "contct" is no entity']],
    [{ ...HOOK, marks: 'fields' }, ['reconcile.fields names no fields of contact']],
    [{ ...HOOK, digests: true, pages: 1 }, ['reconcile.digests is no function', 'reconcile.pages is not known']],
  ])('%j: %j', (reconcile, problems) => {
    expect(checkReconcile(reconcile).map(({ field, what }) => `${field} ${what}`)).toEqual(problems);
  });
});
