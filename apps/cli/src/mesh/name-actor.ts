import { hostname, userInfo } from 'node:os';

/** Who is kept in CRM_AUDIT. */
export function nameActor(as?: string): string {
  return as ?? `${userInfo().username}@${hostname()}`;
}
