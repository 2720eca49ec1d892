import { CrmError } from './crm-error.js';
import type { CrmObject } from './crm-object.js';
import type { ObjectType } from './object-types.js';

/** Contacts that are not archived, by e-mail address: the one property that must be unique. */
export class EmailIndex {
  private readonly ids = new Map<string, string>();

  find(email: string): string | undefined {
    return this.ids.get(email.toLowerCase());
  }

  check({ type, email, ownId }: { type: ObjectType; email: string | undefined; ownId?: string }): void {
    const holder = type === 'contacts' && email ? this.find(email) : undefined;
    if (holder && holder !== ownId)
      throw new CrmError(409, 'CONFLICT', `Contact already exists. Existing ID: ${holder}`);
  }

  keep({ type, id, properties }: CrmObject): void {
    const email = properties.get('email');
    if (type === 'contacts' && email) this.ids.set(email.toLowerCase(), id);
  }

  release({ type, id, properties }: CrmObject): void {
    const email = properties.get('email')?.toLowerCase() ?? '';
    if (type === 'contacts' && this.ids.get(email) === id) this.ids.delete(email);
  }
}
