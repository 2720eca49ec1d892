import { beforeEach, describe, expect, it } from 'vitest';
import type { CrmChange } from './crm-change.js';
import { CrmStore } from './crm-store.js';
import { createIdDrawer } from './draw-ids.js';
import { UI_ACTOR } from './owners.js';

const actor = UI_ACTOR;
let store: CrmStore;
let told: CrmChange[];
let nowMs: number;

beforeEach(() => {
  told = [];
  nowMs = 1_774_368_000_000;
  store = new CrmStore({
    now: () => (nowMs += 1),
    drawId: createIdDrawer(() => 0),
    tell: (changes) => told.push(...changes),
    searchLagMs: () => 0,
  });
});

const summarise = (): string[] =>
  told
    .splice(0)
    .map((change) =>
      [change.type, change.kind, change.kind === 'propertyChange' ? `${change.property}=${change.value}` : '']
        .filter(Boolean)
        .join(' '),
    );

describe('CrmStore', () => {
  it('begins the ids of all types alike: they are unique only within a type', () => {
    const ids = (['contacts', 'companies', 'deals'] as const).map((type) => store.create(type, {}, { actor }).id);
    expect(ids).toEqual(['128850143501', '128850143501', '128850143501']);
    expect(store.create('deals', {}, { actor }).id).toBe('128850143502');
  });

  it('tells only what changed, and an empty value as cleared', () => {
    const contact = store.create('contacts', { email: 'a@x.example', phone: '1' }, { actor });
    summarise();
    store.update(contact, { email: 'a@x.example', phone: null }, actor);
    expect(summarise()).toEqual(['contacts propertyChange phone=']);
    const { updatedAtMs } = contact;
    store.update(contact, { email: 'a@x.example' }, actor);
    expect(summarise()).toEqual([]);
    expect(contact.updatedAtMs).toBe(updatedAtMs);
  });

  it('notes the day when a deal is closed', () => {
    const deal = store.create('deals', { dealstage: 'contractsent' }, { actor });
    summarise();
    store.update(deal, { dealstage: 'closedlost' }, actor);
    expect(summarise()).toEqual([
      'deals propertyChange dealstage=closedlost',
      `deals propertyChange closedate=${new Date(deal.updatedAtMs).toISOString()}`,
    ]);
    expect(deal.history.get('dealstage')?.map(({ value }) => value)).toEqual(['closedlost', 'contractsent']);
  });

  it('hides links to archived records, and shows them again', () => {
    const company = store.create('companies', { name: 'C' }, { actor });
    const deal = store.create('deals', {}, { actor, links: [{ to: company, typeIds: [] }] });
    summarise();
    store.archive(company, actor);
    expect(store.listLinks(deal, 'companies')).toEqual([]);
    expect(summarise()).toEqual(['companies deletion', 'deals associationChange']);
    store.restore(company, actor);
    expect(store.listLinks(deal, 'companies').map(({ id }) => id)).toEqual([company.id]);
    expect(summarise()).toEqual(['companies restore', 'deals associationChange']);
  });

  it('frees the address of an archived contact, and refuses to restore it when it is taken', () => {
    const contact = store.create('contacts', { email: 'a@x.example' }, { actor });
    store.archive(contact, actor);
    store.create('contacts', { email: 'a@x.example' }, { actor });
    expect(() => store.restore(contact, actor)).toThrow(/already exists/);
  });

  it('erases for good, told as deletion and as privacy deletion', () => {
    const contact = store.create('contacts', { email: 'a@x.example' }, { actor });
    summarise();
    store.erase(contact, actor);
    expect(summarise()).toEqual(['contacts deletion', 'contacts privacyDeletion']);
    expect([store.find('contacts', contact.id), store.find('contacts', contact.id, true)]).toEqual([
      undefined,
      undefined,
    ]);
  });

  it('moves links and values to what remains of a merge', () => {
    const [a, b] = ['a', 'b'].map((name) =>
      store.create('contacts', { email: `${name}@x.example`, [name]: name }, { actor }),
    );
    const deal = store.create('deals', {}, { actor, links: [{ to: b!, typeIds: [] }] });
    const remaining = store.merge('contacts', { primaryId: a!.id, mergedId: b!.id }, { newId: false, actor });
    expect([remaining.properties.get('email'), remaining.properties.get('b')]).toEqual(['a@x.example', 'b']);
    expect(store.listLinks(deal, 'contacts').map(({ id }) => id)).toEqual([a!.id]);
    expect(store.create('contacts', { email: 'b@x.example' }, { actor }).id).toBeDefined();
  });

  it('gives a third id when it is asked to', () => {
    const [a, b] = ['a', 'b'].map((name) => store.create('companies', { name }, { actor }));
    const contact = store.create(
      'contacts',
      {},
      {
        actor,
        links: [
          { to: a!, typeIds: [] },
          { to: b!, typeIds: [] },
        ],
      },
    );
    const remaining = store.merge('companies', { primaryId: a!.id, mergedId: b!.id }, { newId: true, actor });
    expect(store.list('companies')).toEqual([remaining]);
    expect(store.show(contact, 'associatedcompanyid')).toBe(remaining.id);
  });

  it.each([
    [
      'a stage that is not of the pipeline',
      () => store.create('deals', { pipeline: '74021856', dealstage: 'closedwon' }, { actor }),
    ],
    ['a pipeline that is not there', () => store.create('deals', { pipeline: 'x' }, { actor })],
    ['a date that is none', () => store.create('deals', { closedate: 'soon' }, { actor })],
    ['a value that is no text', () => store.create('deals', { dealname: {} }, { actor })],
    [
      'a link that cannot be',
      () => store.create('products', {}, { actor, links: [{ to: { type: 'contacts', id: '1' }, typeIds: [] }] }),
    ],
    [
      'a link to what is not there',
      () => store.create('deals', {}, { actor, links: [{ to: { type: 'contacts', id: '1' }, typeIds: [] }] }),
    ],
    [
      'a merge with itself',
      () =>
        void (
          store.create('contacts', {}, { actor }),
          store.merge('contacts', { primaryId: '128850143501', mergedId: '128850143501' }, { newId: false, actor })
        ),
    ],
  ])('refuses %s, and nothing is half done', (_, act) => {
    expect(act).toThrow(expect.objectContaining({ name: 'CrmError' }) as Error);
    expect(store.list('deals')).toEqual([]);
    expect(told.filter(({ kind }) => kind === 'merge')).toEqual([]);
  });
});
