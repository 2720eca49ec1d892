import { OWNERS } from '../../crm/owners.js';

const LEAD_ID = 'a1b2c3d4-0000-4000-8000-';

/** Leads have UUIDs, all else has numbers. */
export function toLeadId(id: string): string {
  return LEAD_ID + id.padStart(12, '0');
}

/** Undefined when it is none of ours. */
export function fromLeadId(uuid: string): string | undefined {
  const digits = uuid.startsWith(LEAD_ID) ? uuid.slice(LEAD_ID.length) : '';
  return /^\d{12}$/.test(digits) ? digits.replace(/^0+/, '') : undefined;
}

/** The core's owners have ids of their own beside those of the users. */
export function toUserId(ownerId: string | undefined): number {
  return (OWNERS.find(({ id }) => id === ownerId) ?? OWNERS[0]).userId;
}

export function fromUserId(userId: unknown): string | undefined {
  return OWNERS.find((owner) => owner.userId === Number(userId))?.id;
}

/** Whole seconds in UTC. */
export function toTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
