import type { NotificationDraft } from '@crm-mesh/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { hubspotSource } from '../../libs/sources/src/index.js';
import { toNotification } from '../../libs/sources/test/context.js';
import { actor, openPortal, START_MS, type Portal } from './hubspot-portal.js';

let portal: Portal;
afterEach(() => portal.sandbox.stop());

const MINUTE_MS = 60_000;
const window = (fromMs = START_MS - MINUTE_MS, toMs = START_MS + MINUTE_MS) => ({ fromMs, toMs });
const idsOf = (pages: { id: string }[][]): string[] => pages.flat().map(({ id }) => id);

describe('what a poll gives', () => {
  it('is exactly what a fetch would: properties, associations, line items', async () => {
    portal = await openPortal();
    const { crm } = portal.sandbox;
    const contact = crm.create('contacts', { email: 'a@x.example', firstname: 'Ada' }, { actor });
    const company = crm.create('companies', { name: 'Brightwater' }, { actor });
    const line = crm.create('line_items', { name: 'Burner', price: '5', quantity: '2' }, { actor });
    const links = [company, contact, line].map((to) => ({ to, typeIds: [] }));
    const deal = crm.create('deals', { dealname: 'Kiln', amount: '10', deal_currency_code: 'EUR' }, { actor, links });
    for (const [entity, id] of [
      ['deal', deal.id],
      ['contact', contact.id],
      ['company', company.id],
    ] as const) {
      const drafts = (await portal.poll({ entity, ...window() })).flat();
      const fetched = await hubspotSource.fetch!(entity, [id], portal.context);
      expect(drafts).toEqual([
        expect.objectContaining({ entity, id, change: 'unknown', modifiedAt: new Date(START_MS).toISOString() }),
      ]);
      expect(drafts[0]!.fetched).toEqual(fetched.get(id));
    }
    const [draft] = (await portal.poll({ entity: 'deal', ...window() })).flat();
    const mapped = await hubspotSource.map(
      { notification: toNotification(draft!), fetched: draft!.fetched },
      portal.context,
    );
    expect(mapped).toMatchObject({
      state: 'present',
      record: { name: 'Kiln', companyId: company.id, contactIds: [contact.id], lines: [{ name: 'Burner' }] },
    });
  });

  it('has the same key for the same row, and another for one that changed, also in its links alone', async () => {
    portal = await openPortal();
    const { crm } = portal.sandbox;
    const deal = crm.create('deals', { dealname: 'Kiln' }, { actor });
    const keyOf = async () => (await portal.poll({ entity: 'deal', ...window() })).flat()[0]!.dedupeKey;
    const first = await keyOf();
    expect(await keyOf()).toBe(first);
    const line = crm.create('line_items', { price: '1' }, { actor });
    crm.associate(deal, { to: line, typeIds: [] }, actor);
    const linked = await keyOf();
    crm.update(deal, { dealname: 'Kiln 2' }, actor);
    expect(new Set([first, linked, await keyOf()]).size).toBe(3);
  });

  it('is read by itself where the properties are too many for a search', async () => {
    const many = Array.from({ length: 60 }, (_, index) => `a_property_with_a_very_long_name_for_hubspot_${index}`);
    portal = await openPortal({ customProperties: { contact: many } });
    const { id } = portal.sandbox.crm.create('contacts', { firstname: 'Ada', [many[59]!]: 'last' }, { actor });
    for (const pages of [await portal.poll(window()), await portal.scan({ fields: 'records' })]) {
      expect(pages.flat()).toMatchObject([
        { id, fetched: { id, properties: { firstname: 'Ada', [many[59]!]: 'last' }, associations: {} } },
      ]);
    }
  });

  it('ends at the edges of the window, both included', async () => {
    portal = await openPortal();
    for (const offsetMs of [-1, 0, 1, 1_000, 1_001]) {
      portal.clock.nowMs = START_MS + offsetMs;
      portal.sandbox.crm.create('contacts', { firstname: String(offsetMs) }, { actor });
    }
    const rows = (await portal.poll(window(START_MS, START_MS + 1_000))).flat();
    expect(rows.map(({ modifiedAt }) => Date.parse(modifiedAt!) - START_MS)).toEqual([0, 1, 1_000]);
  });
});

describe('the traps of search', () => {
  it('more than 10,000 results, all changed in the same millisecond', { timeout: 120_000 }, async () => {
    portal = await openPortal({ entities: ['company'] });
    const { crm } = portal.sandbox;
    const made = Array.from(
      { length: 10_250 },
      (_, index) => crm.create('companies', { name: `C${index}` }, { actor }).id,
    );
    const pages = await portal.poll({ entity: 'company', ...window(START_MS, START_MS) });
    expect(idsOf(pages)).toEqual(made);
    expect(pages.slice(0, 51).every((page) => page.length === 200)).toBe(true);
  });

  it('a page that is asked for again after a restart gives the same, whatever changed meanwhile', async () => {
    portal = await openPortal();
    const { crm } = portal.sandbox;
    const made = Array.from({ length: 450 }, () => crm.create('contacts', {}, { actor }));
    const request = { entity: 'contact', ...window(START_MS, START_MS) };
    const first = await hubspotSource.poll!.page(request, portal.context);
    portal.clock.nowMs += MINUTE_MS;
    crm.update(made[3]!, { firstname: 'moved out of the window' }, actor);
    crm.archive(made[5]!, actor);
    const second = await hubspotSource.poll!.page({ ...request, cursor: first.cursor }, portal.context);
    expect(second.drafts.map(({ id }) => id)).toEqual(made.slice(200, 400).map(({ id }) => id));
  });

  it('an index that is later than expected: the overlap of the next window finds the change', async () => {
    portal = await openPortal();
    const { lagMs = 0, overlapMs = 0 } = hubspotSource.poll!;
    portal.sandbox.turnKnobs({ searchLagMs: lagMs + 50_000 });
    const { id } = portal.sandbox.crm.create('contacts', { firstname: 'Ada' }, { actor });
    portal.clock.nowMs = START_MS + lagMs + 1;
    const firstTo = portal.clock.nowMs - lagMs;
    expect(idsOf(await portal.poll(window(firstTo - MINUTE_MS, firstTo)))).toEqual([]);
    portal.clock.nowMs += MINUTE_MS;
    expect(idsOf(await portal.poll(window(firstTo - overlapMs, portal.clock.nowMs - lagMs)))).toEqual([id]);
  });

  it('a stale row is told with its own time, so that it cannot pass for a newer state', async () => {
    portal = await openPortal();
    const { crm } = portal.sandbox;
    const contact = crm.create('contacts', { firstname: 'old' }, { actor });
    portal.clock.nowMs += MINUTE_MS;
    portal.sandbox.turnKnobs({ searchLagMs: 30_000 });
    crm.update(contact, { firstname: 'new' }, actor);
    const [draft] = (await portal.poll(window())).flat();
    expect(draft).toMatchObject({
      modifiedAt: new Date(START_MS).toISOString(),
      fetched: { properties: { firstname: 'old' } },
    });
  });

  it('five searches a second: more are not sent', async () => {
    portal = await openPortal(
      { rateLimit: { searchesPerSecond: 5 } },
      // What was sent apart may arrive together: what is refused says nothing here.
      { now: Date.now, rateLimits: { searchPerSecond: 8 } },
    );
    const began = performance.now();
    const now = Date.now();
    await Promise.all(Array.from({ length: 8 }, () => portal.poll({ fromMs: now - MINUTE_MS, toMs: now })));
    expect(performance.now() - began).toBeGreaterThan(1_000);
  });
});

describe('what is gone', () => {
  it('deleted: told once it lies in the window, and read anew before it is believed', async () => {
    portal = await openPortal();
    const { crm } = portal.sandbox;
    const [before, within, restored] = ['a', 'b', 'c'].map((firstname) =>
      crm.create('contacts', { firstname }, { actor }),
    );
    crm.archive(before!, actor);
    portal.clock.nowMs += 10 * MINUTE_MS;
    crm.archive(within!, actor);
    crm.archive(restored!, actor);
    const archivedAt = new Date(portal.clock.nowMs).toISOString();
    const polled = window(portal.clock.nowMs - MINUTE_MS, portal.clock.nowMs);
    const drafts = (await portal.poll(polled)).flat();
    expect(drafts).toMatchObject([
      { id: within!.id, change: 'deleted', modifiedAt: archivedAt },
      { id: restored!.id, change: 'deleted', modifiedAt: archivedAt },
    ]);
    expect(drafts.some((draft) => 'fetched' in draft)).toBe(false);
    crm.restore(restored!, actor);
    const fetched = await hubspotSource.fetch!('contact', [within!.id, restored!.id], portal.context);
    const mapDraft = async (draft: NotificationDraft) =>
      hubspotSource.map({ notification: toNotification(draft), fetched: fetched.get(draft.id) }, portal.context);
    const states = await Promise.all(drafts.map(mapDraft));
    expect(states).toMatchObject([{ state: 'deleted', modifiedAt: archivedAt }, { state: 'present' }]);
  });

  it('deleted: more than one page of the bin', async () => {
    portal = await openPortal();
    const made = Array.from({ length: 230 }, () => portal.sandbox.crm.create('contacts', {}, { actor }));
    for (const contact of made) portal.sandbox.crm.archive(contact, actor);
    const pages = await portal.poll(window());
    expect(pages.map((page) => page.length)).toEqual([0, 100, 100, 30]);
    expect(idsOf(pages)).toEqual(made.map(({ id }) => id));
  });

  it('deleted: found by the window that looks, however seldom one does', async () => {
    portal = await openPortal({ deletionsEveryMs: 10 * MINUTE_MS });
    const contact = portal.sandbox.crm.create('contacts', {}, { actor });
    portal.clock.nowMs += 1;
    portal.sandbox.crm.archive(contact, actor);
    const found: number[] = [];
    for (let minute = 0; minute < 20; minute += 1) {
      const fromMs = START_MS + minute * MINUTE_MS;
      const drafts = (await portal.poll(window(fromMs, fromMs + MINUTE_MS))).flat();
      if (drafts.some(({ change }) => change === 'deleted')) found.push(minute);
    }
    expect(found).toEqual([9]);
  });

  it('restored: a row as any other', async () => {
    portal = await openPortal();
    const contact = portal.sandbox.crm.create('contacts', { firstname: 'Ada' }, { actor });
    portal.sandbox.crm.archive(contact, actor);
    portal.clock.nowMs += 10 * MINUTE_MS;
    portal.sandbox.crm.restore(contact, actor);
    const polled = window(portal.clock.nowMs - MINUTE_MS, portal.clock.nowMs);
    expect((await portal.poll(polled)).flat()).toMatchObject([
      { id: contact.id, change: 'unknown', fetched: { properties: { firstname: 'Ada' } } },
    ]);
  });

  it.each([
    ['contacts', 'contact', false],
    ['companies', 'company', true],
  ] as const)(
    'merged (%s): the remaining one names whom it swallowed, and no loser is told as deleted',
    async (type, entity, newId) => {
      portal = await openPortal();
      const { crm } = portal.sandbox;
      const [primary, merged] = [
        crm.create(type, { phone: '1' }, { actor }),
        crm.create(type, { phone: '2' }, { actor }),
      ];
      portal.clock.nowMs += 1;
      const ids = { primaryId: primary.id, mergedId: merged.id };
      const remaining = crm.merge(type, ids, { newId, actor });
      expect(remaining.id === primary.id).toBe(!newId);
      const drafts = (await portal.poll({ entity, ...window() })).flat();
      expect(drafts).toMatchObject([
        { id: remaining.id, mergedIds: newId ? [primary.id, merged.id] : [merged.id], fetched: { id: remaining.id } },
      ]);
      expect(drafts.map(({ change }) => change)).not.toContain('deleted');
    },
  );
});
