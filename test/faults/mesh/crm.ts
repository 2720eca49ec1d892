import { setTimeout as delay } from 'node:timers/promises';
import { startSandbox, UI_ACTOR, type RunningSandbox } from '@crm-mesh/sandbox/start';
import { createLogger } from '@crm-mesh/telemetry';
import type { Random } from '../random/random.js';
import type { Statement } from './statement.js';
import { chooseTask } from './task.js';

const SECRET = 'a-client-secret';
/** A publisher that is killed or stopped is back within them, or not at all. */
const RETRY_DELAYS_MS = [200, 400, 800, 1_500, 3_000, 5_000, 5_000, 10_000, 10_000, 10_000];
/** So slow that kills come between a request and its answer; some webhooks come twice, or in another order. */
const KNOBS = { retryDelaysMs: RETRY_DELAYS_MS, apiDelayMs: 20, duplicateRate: 0.05, disorder: 0.1, batchWaitMs: 50 };
/** Of the edits: so often the API fails once or twice. */
const FAILING_SHARE = 0.05;

export interface CrmLoad {
  random: Random;
  records: number;
  /** Between two edits. */
  pauseMs: number;
}

type Item = ReturnType<RunningSandbox['webhooks']['deliveries']['list']>[number]['items'][number];

/** The sandbox as HubSpot: tells thinly that companies were edited, and is asked what they are. It keeps the ground truth. */
export class Crm {
  readonly #ids: string[] = [];
  readonly #edits = new Map<string, number>();

  private constructor(private readonly sandbox: RunningSandbox) {}

  static async start(seed: number): Promise<Crm> {
    const log = createLogger({ app: 'sandbox', level: 'silent' });
    const rateLimits = { maxPerInterval: 100_000 };
    return new Crm(await startSandbox({ log, clientSecret: SECRET, rateLimits, knobs: KNOBS, seed }));
  }

  /** As mesh.yaml has it. */
  get connection(): object {
    const { accessToken, url } = this.sandbox;
    const config = { clientSecrets: [SECRET], accessToken, apiUrl: url, rateLimit: { requests: 10_000 } };
    return { tenant: 'acme', name: 'hubspot', source: 'hubspot', config };
  }

  get delivered(): number {
    return this.sandbox.webhooks.counts.delivered;
  }

  /** For reports. */
  get summary(): string {
    const { delivered, failedRequests, givenUp } = this.sandbox.webhooks.counts;
    return `thin: ${delivered} delivered, ${failedRequests} requests failed, ${givenUp} given up`;
  }

  /** What it has told, item by item. */
  get statements(): Statement[] {
    const deliveries = this.sandbox.webhooks.deliveries.list({ limit: Infinity });
    return deliveries.flatMap(({ items, state }) => items.map((item) => describe(item, state === 'delivered')));
  }

  /** Whom it tells; the publisher's port is known when it has started. */
  sendTo(publisherUrl: string): void {
    this.sandbox.setTarget({ url: `${publisherUrl}/webhooks/acme/hubspot` });
  }

  /** Until told otherwise (0), every request to its API fails. */
  failNext(requests: number): void {
    this.sandbox.turnKnobs({ apiFailNext: requests });
  }

  /** Name and task in one, as a person would save a form. */
  edit(id: string, task: string): void {
    const edit = (this.#edits.get(id) ?? 0) + 1;
    this.#edits.set(id, edit);
    this.sandbox.crm.update({ type: 'companies', id }, { name: `edit ${edit}`, industry: task }, UI_ACTOR);
  }

  /** A company that nobody was told of yet. */
  create(): string {
    const { id } = this.sandbox.crm.create('companies', {}, { actor: UI_ACTOR });
    this.edit(id, 'work');
    return id;
  }

  /** Edits until the signal, and then each record once more, so that what was given up is told after all. */
  async run({ random, records, pauseMs }: CrmLoad, until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      if (this.#ids.length < records) this.#ids.push(this.create());
      this.edit(random.pick(this.#ids), chooseTask(random));
      if (random.next() < FAILING_SHARE) this.failNext(random.between(1, 2));
      await delay(pauseMs, undefined, { signal: until }).catch(() => undefined);
    }
    await this.told();
    for (const id of this.#ids) this.edit(id, 'work');
    await this.told();
  }

  /** Until all webhooks are answered 2xx, or given up. */
  told(): Promise<void> {
    return this.sandbox.webhooks.whenSettled();
  }

  stop(): Promise<void> {
    return this.sandbox.stop();
  }
}

/** Of what the item tells only the name says which edit it is. */
function describe(item: Item, isAnswered: boolean): Statement {
  const { portalId, subscriptionId, eventId, occurredAt, objectId, propertyName } = item;
  const statementId = [portalId, subscriptionId, eventId, occurredAt, objectId, propertyName ?? ''].join('/');
  const about = { tenant: 'acme', connection: 'hubspot', id: String(objectId), task: '' };
  return { ...about, edit: editOfItem(item), statementId, isAnswered };
}

/** 0: it does not say. */
export function editOfItem({ propertyName, propertyValue }: Pick<Item, 'propertyName' | 'propertyValue'>): number {
  return propertyName === 'name' ? Number(propertyValue!.slice('edit '.length)) : 0;
}
