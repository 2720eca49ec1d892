import { escapeToken } from '@crm-mesh/contract';
import type { ConnectionCounts } from '@crm-mesh/control';
import type { ApiQuota, Source, SourceContext, Urgency } from '@crm-mesh/sdk';
import type { ConnectedApi, OpenedMapping, RecordLoader } from '@crm-mesh/sources';
import type { PollRules } from '../polling/poll-rules.js';
import type { Access } from '../webhooks/access.js';
import type { MinuteRate } from './minute-rate.js';

/** One configured account of a source, for one tenant, and what came through it. */
export interface Connection extends OpenedMapping {
  tenant: string;
  name: string;
  source: Source;
  /** For what is live. */
  context: SourceContext;
  /** For what gives way to it: the same configuration and the same rate limit, another place in the line. */
  contextFor(urgency: Urgency): SourceContext;
  /** Absent where the source describes none. */
  api?: ConnectedApi;
  /** Asks what webhooks must show besides their signature, or instead of one. */
  access: Access;
  /** Its address has a secret segment. */
  hasSecretPath: boolean;
  loadRecord: RecordLoader;
  /** How long signs of one record are gathered before they are looked at. */
  coalesceMs: number;
  /** When its CRM is asked what changed; absent: never. */
  poll?: PollRules | undefined;
  /** What a poll finds, and no webhook tells so long after it happened, is missed; absent: there are no webhooks, or no polls. */
  webhookGraceMs?: number | undefined;
  /** How long what differs must stand before a reconciliation tells it; absent: as its webhooks and polls need it. */
  reconcileGraceMs?: number | undefined;
  counts: ConnectionCounts;
  /** Notifications, by whatever way they came. */
  perMinute: MinuteRate;
  /** What its CRM says of its limits, where that is known. */
  readQuota?(): ApiQuota | undefined;
}

/** Whatever way they came. */
export function noteNotifications({ counts, perMinute }: Connection, count: number, nowMs: number): void {
  if (count === 0) return;
  counts.lastNotificationAt = new Date(nowMs).toISOString();
  perMinute.add(count);
}

/** To be asked anew for each request, batch and page: a source that changes brings a new {@link Connection}. */
export class Connections {
  readonly #byName = new Map<string, Connection>();
  /** By the two tokens that name it in subjects. */
  readonly #byTokens = new Map<string, Connection>();
  readonly #listeners = new Set<(connection: Connection) => void>();

  constructor(all: readonly Connection[]) {
    for (const connection of all) this.replace(connection);
  }

  get all(): Connection[] {
    return [...this.#byName.values()];
  }

  /** Takes the place of the one of its name; what is under way ends on the old one. */
  replace(connection: Connection): void {
    const { tenant, name } = connection;
    this.#byName.set(nameOf(tenant, name), connection);
    this.#byTokens.set(`${escapeToken(tenant)}.${escapeToken(name)}`, connection);
    for (const listener of this.#listeners) listener(connection);
  }

  /** For what works with a connection for long. Returns the way to stop it. */
  onReplaced(listener: (connection: Connection) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  find(tenant: string, name: string): Connection | undefined {
    return this.#byName.get(nameOf(tenant, name));
  }

  /** Lets nobody wait for a rate limit any more. */
  close(): void {
    for (const { api } of this.all) api?.close();
  }

  /** The one that a subject of CRM_RAW names. Asked for several times an event: it takes nothing apart. */
  findBySubject(subject: string): Connection | undefined {
    const start = subject.indexOf('.') + 1;
    const end = subject.indexOf('.', subject.indexOf('.', start) + 1);
    return this.#byTokens.get(subject.slice(start, end));
  }
}

/** No text holds a NUL that is legal in a name. */
const nameOf = (tenant: string, name: string): string => `${tenant}\0${name}`;
