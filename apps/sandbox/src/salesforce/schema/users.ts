import { OWNERS } from '../../crm/owners.js';
import type { Actor } from '../../crm/crm-change.js';
import { makeId, readId } from '../ids.js';

export const USER_PREFIX = '005';

/** As whom the connected app writes. */
export const INTEGRATION_USER = {
  id: '77120999',
  firstName: 'Mesh',
  lastName: 'Integration',
  email: 'mesh.integration@kestrel-supply.example',
};

export const USERS = [
  ...OWNERS.map(({ id, firstName, lastName, email }) => ({ id, firstName, lastName, email })),
  INTEGRATION_USER,
];

export function showUser(ownerId: string): string {
  return makeId(USER_PREFIX, ownerId);
}

/** The core's owner; undefined: there is none. */
export function readUser(id: string): string | undefined {
  const read = readId(id);
  return read?.prefix === USER_PREFIX && USERS.some((user) => user.id === read.coreId) ? read.coreId : undefined;
}

/** Who made a change: a person of the CRM's own pages, or the integration user. */
export function userOf(actor: Actor): string {
  const person = OWNERS.find(({ userId }) => userId === actor.userId);
  return showUser(person?.id ?? (actor.changeSource === 'CRM_UI' ? OWNERS[0].id : INTEGRATION_USER.id));
}
