import type { CrmStore } from '@crm-mesh/sandbox/start';
import type { TableRow } from './reconcile-scene.js';
import type { LedgerRow } from './test-mesh.js';

// What differs, found by brute force: each record of one side against the other, by what it says.

const TYPES = { contact: 'contacts', company: 'companies', deal: 'deals' } as const;
export type Entity = keyof typeof TYPES;
export const ENTITIES = Object.keys(TYPES) as Entity[];

/** Canonical field ← the CRM's property: those that the journeys write. */
const FIELDS: Record<Entity, Record<string, string>> = {
  contact: { email: 'email', firstName: 'firstname', lastName: 'lastname', phone: 'phone', jobTitle: 'jobtitle' },
  company: { name: 'name', domain: 'domain' },
  deal: { name: 'dealname' },
};
const COLUMNS = { email: 'email', first_name: 'firstName', last_name: 'lastName', phone: 'phone' } as const;

export const keyOf = (entity: string, id: string): string => `acme/hubspot/${entity}/${id}`;

/** Records of which CRM and ledger do not say the same. `without`: canonical fields that the mapping leaves out. */
export function listCrmDifferences(
  crm: CrmStore,
  entity: Entity,
  { ledger, without = [] }: { ledger: readonly LedgerRow[]; without?: readonly string[] },
): string[] {
  const fields = Object.entries(FIELDS[entity]);
  const inCrm = new Map(
    crm.list(TYPES[entity]).map((object) => {
      const show = ([name, property]: [string, string]) =>
        without.includes(name) ? null : crm.show(object, property) || null;
      return [object.id, JSON.stringify(fields.map(show))];
    }),
  );
  const inLedger = new Map(
    ledger.filter(isPresent).map((row) => {
      const data = readData(row);
      return [row.id, JSON.stringify(fields.map(([name]) => data[name] ?? null))];
    }),
  );
  return listUnequal(inCrm, inLedger).map((id) => keyOf(entity, id));
}

/** Contacts of which ledger and table do not say the same. */
export function listTableDifferences(ledger: readonly LedgerRow[], rows: readonly TableRow[]): string[] {
  const inLedger = new Map(
    ledger.filter(isPresent).map((row) => {
      const data = readData(row);
      return [row.id, JSON.stringify([row['version'], ...Object.values(COLUMNS).map((name) => data[name] ?? null)])];
    }),
  );
  const names = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
  const inTable = new Map<string, string>();
  // What lies there twice is equal to nothing.
  for (const row of rows.filter(({ state }) => state === 'active')) {
    const held = JSON.stringify([row.version, ...names.map((name) => row[name])]);
    inTable.set(row.mesh_place, [inTable.get(row.mesh_place) ?? [], held].flat().join());
  }
  return listUnequal(inLedger, inTable).map((id) => keyOf('contact', id));
}

function isPresent(row: LedgerRow): boolean {
  return row['state'] === 'present' && Number(row['version']) > 0;
}

function readData(row: LedgerRow): Record<string, string | undefined> {
  return JSON.parse(String(row['data'])) as Record<string, string | undefined>;
}

function listUnequal(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): string[] {
  const ids = new Set([...one.keys(), ...other.keys()]);
  return [...ids].filter((id) => one.get(id) !== other.get(id)).toSorted();
}
