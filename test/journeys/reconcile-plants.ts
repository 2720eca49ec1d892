import { UI_ACTOR, type CrmStore, type Knobs } from '@crm-mesh/sandbox/start';
import { keyOf } from './reconcile-oracle.js';
import { type Fault, type Scene, type Table } from './reconcile-scene.js';

// What goes wrong, and what a run must call it. Each kind of fault has contacts of its own, by their number.

const actor = UI_ACTOR;
const CONTACTS = 300;
const DEALS = 40;
const COMPANIES = 20;
export const UNRULY: Partial<Knobs> = { dropRate: 0.05, duplicateRate: 0.1, disorder: 0.5 };
const SILENT: Partial<Knobs> = { dropRate: 1 };

export interface Company {
  contacts: string[];
  deals: string[];
  companies: string[];
}

export function slice(ids: readonly string[], from: number, to: number): string[] {
  return ids.slice(from, to);
}

export function createContact(crm: CrmStore, name: string, more: Record<string, string> = {}): string {
  const properties = { firstname: name, lastname: 'Example', email: `${name}@x.example`, ...more };
  return crm.create('contacts', properties, { actor }).id;
}

const rename = (crm: CrmStore, id: string, firstname: string): void =>
  void crm.update({ type: 'contacts', id }, { firstname }, actor);

/** A company lives: webhooks are lost, told twice and in disorder, and each part of it knows nothing of the others. */
export async function live({ sandbox: { crm }, change }: Scene): Promise<Company> {
  const company: Company = { contacts: [], deals: [], companies: [] };
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
  const archive = (ids: readonly string[]): void => {
    for (const id of ids) crm.archive({ type: 'contacts', id }, actor);
  };
  const restore = (ids: readonly string[]): void => {
    for (const id of ids) crm.restore({ type: 'contacts', id }, actor);
  };
  await change({}, () => archive([...slice(contacts, 266, 271), ...slice(contacts, 279, 281)]));
  await change(UNRULY, () => {
    for (const id of slice(contacts, 20, 251)) rename(crm, id, `renamed ${id}`);
    for (const id of deals) crm.update({ type: 'deals', id }, { dealname: `renamed ${id}` }, actor);
    archive(slice(contacts, 251, 266));
    restore(slice(contacts, 266, 271));
  });
  await change(SILENT, () => {
    for (let index = 0; index < 3; index++) createContact(crm, `unheard${index}`);
    crm.create('deals', { dealname: 'unheard' }, { actor });
    for (const id of slice(deals, 0, 3)) crm.update({ type: 'deals', id }, { dealname: 'unheard of' }, actor);
    archive(slice(contacts, 275, 279));
    restore(slice(contacts, 279, 281));
    crm.erase({ type: 'contacts', id: contacts[18]! }, actor);
    for (const at of [271, 273])
      crm.merge('contacts', { primaryId: contacts[at]!, mergedId: contacts[at + 1]! }, { newId: false, actor });
    const [primaryId = '', mergedId = ''] = companies;
    crm.merge('companies', { primaryId, mergedId }, { newId: true, actor });
  });
  return company;
}

/** Record → what a run must call it. */
export type Expected = Map<string, string>;

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
    rename(crm, contacts[15]!, 'twice told');
    crm.archive({ type: 'contacts', id: contacts[17]! }, actor);
    plantFaults(faults);
  });
  return new Map(Object.entries(faults).map(([id, fault]) => [keyOf('contact', id), LABEL_OF[fault]]));
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
  note(
    'by-hand',
    'created-downstream',
    `INSERT INTO crm_contacts (tenant, connection, id, version, state) VALUES ('acme', 'hubspot', 'by-hand', 1, 'active')`,
  );
  return expected;
}
