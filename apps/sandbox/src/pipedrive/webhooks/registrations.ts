import { PipedriveError, refuse } from '../pipedrive-error.js';
import type { Registration } from '../options.js';
import type { Row } from '../records/show-record.js';
import type { Json } from '../records/write-record.js';

/** A registered webhook, and how it fares. */
export interface Registered extends Registration {
  id: number;
  /** First attempts that failed in a row. */
  failures: number;
  bannedUntilMs: number;
  lastStatus?: number;
}

const FIRST_ID = 402_117;
const MOST = 40;
const ACTIONS = ['create', 'change', 'delete', '*'];

export class Registrations {
  private readonly all = new Map<number, Registered>();
  private nextId = FIRST_ID;

  constructor(initial: readonly Registration[] = []) {
    for (const registration of initial) this.add(registration);
  }

  list(): Registered[] {
    return [...this.all.values()];
  }

  add(registration: Registration): Registered {
    if (this.all.size >= MOST) throw new PipedriveError(403, `At most ${MOST} webhooks are allowed`);
    const registered = { ...registration, id: (this.nextId += 1), failures: 0, bannedUntilMs: 0 };
    this.all.set(registered.id, registered);
    return registered;
  }

  addFromBody(body: Json): Registered {
    const url = String(body['subscription_url']);
    const [action, object] = [String(body['event_action']), String(body['event_object'])];
    if (!URL.canParse(url)) throw refuse('subscription_url must be a URL');
    if (!ACTIONS.includes(action)) throw refuse(`event_action must be one of ${ACTIONS.join(', ')}`);
    if (!['2.0', 'undefined'].includes(String(body['version']))) throw refuse('only version 2.0 is spoken here');
    return this.add({
      subscriptionUrl: url,
      action,
      object,
      ...(typeof body['http_auth_user'] === 'string' && { user: body['http_auth_user'] }),
      ...(typeof body['http_auth_password'] === 'string' && { password: body['http_auth_password'] }),
      ...(typeof body['name'] === 'string' && { name: body['name'] }),
    });
  }

  remove(id: number): void {
    if (!this.all.delete(id)) throw new PipedriveError(404, 'Webhook not found');
  }
}

export function showRegistered(registered: Registered, owner: { companyId: number; userId: number }): Row {
  const { id, subscriptionUrl, action, object, user, password, name, lastStatus } = registered;
  return {
    id,
    company_id: owner.companyId,
    owner_id: owner.userId,
    user_id: owner.userId,
    event_action: action,
    event_object: object,
    subscription_url: subscriptionUrl,
    version: '2.0',
    is_active: 1,
    type: 'general',
    http_auth_user: user ?? null,
    http_auth_password: password ?? null,
    last_http_status: lastStatus ?? null,
    name: name ?? null,
  };
}
