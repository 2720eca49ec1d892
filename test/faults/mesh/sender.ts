import { createHmac } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../random/random.js';
import { SIGNING_KEY, toCloudEvents, toStandardWebhook, TOKEN, type Connection, type Statement } from './statement.js';
import { chooseTask } from './task.js';

const REQUEST_TIMEOUT_MS = 6_000;
const RESEND_AFTER_MS = 150;
/** Of the requests. */
const PARKING_SHARE = 0.06;

export interface LoadOptions {
  random: Random;
  /** Records of each connection. */
  records: number;
  senders: number;
  /** Between two requests of one sender. */
  pauseMs: number;
}

/** Sends as CRMs do, repeating what was not answered 2xx, and keeps the ground truth. */
export class Sender {
  /** Everything that was ever said. */
  readonly statements: Statement[] = [];
  /** Requests by status, or `no answer`. */
  readonly outcomes = new Map<string, number>();
  readonly #edits = new Map<string, number>();

  constructor(private readonly url: () => string) {}

  /** For reports: `202: 310, 503: 12, no answer: 4`. */
  get summary(): string {
    return [...this.outcomes].map(([outcome, count]) => `${outcome}: ${count}`).join(', ');
  }

  get answered(): number {
    return this.statements.filter(({ isAnswered }) => isAnswered).length;
  }

  /** The record's next edit, not sent yet. */
  edit(connection: Connection, id: string, task = 'work'): Statement {
    const record = `${connection}/${id}`;
    const edit = (this.#edits.get(record) ?? 0) + 1;
    this.#edits.set(record, edit);
    const [tenant, name] = connection.split('/') as [string, string];
    const statement = { tenant, connection: name, id, edit, task, statementId: `${id}-${edit}`, isAnswered: false };
    this.statements.push(statement);
    return statement;
  }

  /** Sends once. Resolves to the status; undefined where no answer came. */
  async post(statements: readonly Statement[]): Promise<number | undefined> {
    const { tenant, connection } = statements[0]!;
    const { body, headers } = connection === 'billing' ? sign(statements[0]!) : gather(statements);
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const request = { method: 'POST', headers, body, signal };
    const response = await fetch(`${this.url()}/webhooks/${tenant}/${connection}`, request).catch(() => undefined);
    await response?.arrayBuffer().catch(() => undefined);
    const outcome = String(response?.status ?? 'no answer');
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    if (response?.ok) for (const statement of statements) statement.isAnswered = true;
    return response?.status;
  }

  /** Sends until it is answered 2xx. */
  async send(statements: readonly Statement[], signal?: AbortSignal): Promise<void> {
    for (;;) {
      const status = await this.post(statements);
      if (status !== undefined && status < 300) return;
      if (status === 400 || status === 401) throw new Error(`the publisher refuses the load: ${status}`);
      if (signal?.aborted) return;
      await delay(RESEND_AFTER_MS);
    }
  }

  /** Load on all connections until the signal; resolves when what is under way is answered, or has been given up. */
  async run({ random, records, senders, pauseMs }: LoadOptions, until: AbortSignal): Promise<void> {
    const one = async (): Promise<void> => {
      while (!until.aborted) {
        const connection = random.pick<Connection>(['acme/shop', 'globex/shop', 'acme/shop', 'acme/billing']);
        const batch = this.#draw(connection, random, records);
        await this.send(batch, AbortSignal.any([until, AbortSignal.timeout(60_000)]));
        await delay(pauseMs, undefined, { signal: until }).catch(() => undefined);
      }
    };
    await Promise.all(Array.from({ length: senders }, one));
  }

  #draw(connection: Connection, random: Random, records: number): Statement[] {
    const drawId = (): string => `R-${random.between(1, records)}`;
    if (connection === 'acme/billing') return [this.edit(connection, drawId(), chooseTask(random))];
    if (random.next() < PARKING_SHARE) return this.#editUntilParked(connection, drawId());
    return Array.from({ length: random.between(1, 12) }, () => this.edit(connection, drawId(), chooseTask(random)));
  }

  /** So many edits of one record, the first of which fails, that its lane is parked. */
  #editUntilParked(connection: Connection, id: string): Statement[] {
    return Array.from({ length: 10 }, (_, index) => this.edit(connection, id, index === 0 ? 'fail 2' : 'work'));
  }
}

function gather(statements: readonly Statement[]): { body: string; headers: Record<string, string> } {
  const headers = { 'content-type': 'application/cloudevents-batch+json', authorization: `Bearer ${TOKEN}` };
  return { body: JSON.stringify(toCloudEvents(statements)), headers };
}

function sign(statement: Statement): { body: string; headers: Record<string, string> } {
  const body = JSON.stringify(toStandardWebhook(statement));
  const timestamp = Math.floor(Date.now() / 1_000).toString();
  const content = `${statement.statementId}.${timestamp}.${body}`;
  const signature = createHmac('sha256', SIGNING_KEY).update(content).digest('base64');
  const headers = {
    'content-type': 'application/json',
    'webhook-id': statement.statementId,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
  return { body, headers };
}
