import { UI_ACTOR, type CrmStore, type Knobs } from '@crm-mesh/sandbox/start';
import { keyOf } from './reconcile-oracle.js';
import { type Fault, type Refusal, type Scene, type Table } from './reconcile-scene.js';

// What goes wrong, and what a run must call it. Each kind of fault has contacts of its own, by their number.

const actor = UI_ACTOR;
const CONTACTS = 304;
const COPY = 'copy-of-';
const DEALS = 40;
const COMPANIES = 20;
export const UNRULY: Partial<Knobs> = { dropRate: 0.05, duplicateRate: 0.1, disorder: 0.5 };
const SILENT: Partial<Knobs> = { dropRate: 1 };

export interface Company {
  contacts: string[];
  deals: string[];
  companies: string[];
  /** Records that were made, changed, merged, deleted and restored while no webhook came. */
  unheard: string[];
}

/** Record → what a run must call it. */
export type Expected = Map<string, string>;

export function slice(ids: readonly string[], from: number, to: number): string[] {
  return ids.slice(from, to);
}

export function createContact(crm: CrmStore, name: string, more: Record<string, string> = {}): string {
  const properties = { firstname: name, lastname: 'Example', email: `${name}@x.example`, ...more };
  return crm.create('contacts', properties, { actor }).id;
}

const rename = (crm: CrmStore, id: string, firstname: string): void =>
  void crm.update({ type: 'contacts', id }, { firstname }, actor);

function archive(crm: CrmStore, ids: readonly string[]): void {
  for (const id of ids) crm.archive({ type: 'contacts', id }, actor);
}

function restore(crm: CrmStore, ids: readonly string[]): void {
  for (const id of ids) crm.restore({ type: 'contacts', id }, actor);
}

/** Contacts that were merged while no webhook came. */
export function listMerges({ contacts }: Company): { winner: string; loser: string }[] {
  return [271, 273].map((at) => ({ winner: contacts[at]!, loser: contacts[at + 1]! }));
}

/** … and those that were brought back. */
export function listRestored({ contacts }: Company): string[] {
  return slice(contacts, 279, 281);
}

/** A company lives: webhooks are lost, told twice and in disorder, and each part of it knows nothing of the others. */
export async function live(scene: Scene): Promise<Company> {
  const { change } = scene;
  const { crm } = scene.sandbox;
  const company: Company = { contacts: [], deals: [], companies: [], unheard: [] };
  await change(UNRULY, () => {
    for (let index = 0; index < CONTACTS; index++) {
      const more: Record<string, string> = {};
      // What a merge swallows has what the other lacks.
      if (index === 272 || index === 274) more['phone'] = `+49 ${index}`;
      if (index >= 281 && index < 293) more['jobtitle'] = `Head of ${index}`;
      company.contacts.push(createContact(crm, `c${index}`, more));
    }
    for (let index = 0; index < DEALS; index++)
      company.deals.push(crm.create('deals', { dealname: `d${index}` }, { actor }).id);
    for (let index = 0; index < COMPANIES; index++)
      company.companies.push(crm.create('companies', { name: `o${index}` }, { actor }).id);
  });
  const { contacts, deals, companies } = company;
  await change({}, () => {
    // All know of these: whatever becomes of them afterwards is a difference.
    for (const id of [contacts[18]!, ...slice(contacts, 271, 279)]) rename(crm, id, `known ${id}`);
    for (const id of slice(deals, 0, 3)) crm.update({ type: 'deals', id }, { dealname: `known ${id}` }, actor);
    for (const id of slice(companies, 0, 2)) crm.update({ type: 'companies', id }, { name: `known ${id}` }, actor);
    archive(crm, [...slice(contacts, 266, 271), ...slice(contacts, 279, 281)]);
  });
  await change(UNRULY, () => {
    for (const id of slice(contacts, 20, 251)) rename(crm, id, `renamed ${id}`);
    for (const id of deals) crm.update({ type: 'deals', id }, { dealname: `renamed ${id}` }, actor);
    archive(crm, slice(contacts, 251, 266));
    restore(crm, slice(contacts, 266, 271));
  });
  await liveUnheard(scene, company);
  return company;
}

/** What no webhook tells of. */
async function liveUnheard({ sandbox: { crm }, change }: Scene, company: Company): Promise<void> {
  const { contacts, deals, companies } = company;
  await change(SILENT, () => {
    const made = [0, 1, 2].map((index) => createContact(crm, `unheard${index}`));
    const deal = crm.create('deals', { dealname: 'unheard' }, { actor }).id;
    for (const id of slice(deals, 0, 3)) crm.update({ type: 'deals', id }, { dealname: 'unheard of' }, actor);
    archive(crm, slice(contacts, 275, 279));
    restore(crm, listRestored(company));
    crm.erase({ type: 'contacts', id: contacts[18]! }, actor);
    for (const { winner, loser } of listMerges(company))
      crm.merge('contacts', { primaryId: winner, mergedId: loser }, { newId: false, actor });
    const [primaryId = '', mergedId = ''] = companies;
    const { id } = crm.merge('companies', { primaryId, mergedId }, { newId: true, actor });
    const unheard = {
      contact: [...made, contacts[18]!, ...slice(contacts, 271, 281)],
      deal: [deal, ...slice(deals, 0, 3)],
      company: [primaryId, mergedId, id],
    };
    for (const [entity, ids] of Object.entries(unheard)) company.unheard.push(...ids.map((one) => keyOf(entity, one)));
  });
}

const LABEL_OF: Record<Fault, string> = { swallow: 'acked-not-applied', bury: 'dead-lettered', park: 'parked' };

/** The wrapped plugin swallows, buries and parks creations, updates and deletions. */
export async function plantPluginFaults(scene: Scene, { contacts }: Company): Promise<Expected> {
  const { sandbox, change, plantFaults } = scene;
  const { crm } = sandbox;
  const faults: Record<string, Fault> = {};
  await change({ duplicateRate: 0.1 }, () => {
    for (const [fault, from] of [
      ['swallow', 0],
      ['bury', 4],
      ['park', 6],
    ] as const) {
      for (const id of slice(contacts, from, from + 2)) {
        rename(crm, id, `${fault} ${id}`);
        faults[id] = fault;
      }
      for (const index of [0, 1]) faults[createContact(crm, `new-${fault}${index}`)] = fault;
    }
    for (const id of slice(contacts, 2, 4)) {
      crm.archive({ type: 'contacts', id }, actor);
      faults[id] = 'swallow';
    }
    // For what is edited downstream, see below.
    for (const id of slice(contacts, 8, 10)) rename(crm, id, 'held twice');
    rename(crm, contacts[15]!, 'twice told');
    crm.archive({ type: 'contacts', id: contacts[17]! }, actor);
    plantFaults(faults);
  });
  return new Map(Object.entries(faults).map(([id, fault]) => [keyOf('contact', id), LABEL_OF[fault]]));
}

/** The connection's mapping refuses changes and creations: their notifications are buried, or parked. */
export async function plantRefusals(
  { sandbox: { crm }, change, plantRefusals: plant }: Scene,
  { contacts }: Company,
): Promise<Expected> {
  const refusals: Record<string, Refusal> = {};
  await change({ duplicateRate: 0.1 }, () => {
    for (const [refusal, from] of [
      ['bury', 300],
      ['park', 302],
    ] as const) {
      for (const id of slice(contacts, from, from + 2)) {
        rename(crm, id, `refused ${id}`);
        refusals[id] = refusal;
      }
      for (const index of [0, 1]) refusals[createContact(crm, `refused-${refusal}${index}`)] = refusal;
    }
    plant(refusals);
  });
  return new Map(Object.entries(refusals).map(([id, refusal]) => [keyOf('contact', id), LABEL_OF[refusal]]));
}

/** Somebody is at work in a table. */
export function editTable({ edit }: Scene, table: Table, { contacts }: Company): Expected {
  const where = (id: string): string => `WHERE id = '${id}'`;
  const expected: Expected = new Map();
  const note = (id: string, label: string, statement: string): void => {
    edit(table, statement);
    expected.set(keyOf('contact', id), label);
  };
  for (const id of slice(contacts, 10, 13))
    note(id, 'edited-downstream', `UPDATE crm_contacts SET phone = 'by hand' ${where(id)}`);
  for (const id of slice(contacts, 13, 15)) note(id, 'deleted-downstream', `DELETE FROM crm_contacts ${where(id)}`);
  const [older, newer, revived] = slice(contacts, 15, 18) as [string, string, string];
  note(older, 'edited-downstream', `UPDATE crm_contacts SET version = version - 1 ${where(older)}`);
  note(newer, 'edited-downstream', `UPDATE crm_contacts SET version = version + 5 ${where(newer)}`);
  note(revived, 'created-downstream', `UPDATE crm_contacts SET state = 'active' ${where(revived)}`);
  // The second one under another key; of the other also with other content.
  for (const [index, id] of slice(contacts, 8, 10).entries())
    note(
      id,
      'duplicate-downstream',
      copyRow(id, { version: `version - ${index}`, phone: index ? "'by hand'" : 'phone' }),
    );
  note(
    'by-hand',
    'created-downstream',
    `INSERT INTO crm_contacts (tenant, connection, id, version, state) VALUES ('acme', 'hubspot', 'by-hand', 1, 'active')`,
  );
  return expected;
}

function copyRow(id: string, other: Record<string, string>): string {
  const columns = ['tenant', 'connection', 'state', 'email', 'first_name', 'last_name', 'mesh_place', 'mesh_digest'];
  const values = [`'${COPY}${id}'`, ...columns, ...Object.values(other)];
  const names = ['id', ...columns, ...Object.keys(other)];
  return `INSERT INTO crm_contacts (${names.join(', ')}) SELECT ${values.join(', ')} FROM crm_contacts WHERE id = '${id}'`;
}

/** A person takes away what nobody else may: a row of their own, and which one of two is too many. */
export function clearTable({ edit }: Scene, table: Table, { contacts }: Company): void {
  const ids = ['by-hand', ...slice(contacts, 8, 10).map((id) => COPY + id)];
  edit(table, ...ids.map((id) => `DELETE FROM crm_contacts WHERE id = '${id}'`));
}
