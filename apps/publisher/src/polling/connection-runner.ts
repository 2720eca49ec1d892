import { escapeToken } from '@crm-mesh/contract';
import type { Lease, Nats } from '@crm-mesh/jetstream';
import type { Connection } from '../connections/connections.js';
import { pauseFor } from '../pause-for.js';
import { Backfill } from './backfill.js';
import { EntityPoller } from './entity-poller.js';
import { readLimits } from './poll-rules.js';
import { openRepairs } from './repairs.js';
import { Subscription } from './subscription.js';
import { runTask, type Task } from './task.js';
import type { TaskDependencies } from './task-dependencies.js';

export interface ConnectionRunnerOptions extends TaskDependencies {
  nats: Nats;
  connection: Connection;
  acquireLease(name: string, options: { signal: AbortSignal; onWaiting(holder: string): void }): Promise<Lease>;
}

const RETRY_LEAD_MS = 1_000;
/** While a hole is being closed. */
const REPAIR_EVERY_MS = 10_000;

/** Whether there is anything to do but to wait for webhooks. */
export function hasTasks({ poll, source }: Connection): boolean {
  return poll !== undefined || source.subscribe !== undefined || source.scan !== undefined;
}

/** `poll.<tenant>.<connection>`, each an escaped token whose odd characters are written as a bucket's key may hold them. */
export function nameLease({ tenant, name }: Pick<Connection, 'tenant' | 'name'>): string {
  return ['poll', tenant, name].map((part) => escapeToken(part).replaceAll(/[^\w-]/g, writeHex)).join('.');
}

function writeHex(character: string): string {
  return `=${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
}

/** All that reads from one connection's CRM; of all publishers one at a time. */
export class ConnectionRunner {
  /** Of the others. */
  holder: string | undefined;
  readonly #stopping = new AbortController();
  #ended: Promise<void> = Promise.resolve();
  #life: Life | undefined;

  constructor(private readonly options: ConnectionRunnerOptions) {}

  get connection(): Connection {
    return this.options.connection;
  }

  /** Empty where another publisher leads. */
  get tasks(): readonly Task[] {
    return this.#life?.tasks ?? [];
  }

  get leads(): boolean {
    return this.#life !== undefined;
  }

  start(): void {
    this.#ended = this.#leadForEver(this.#stopping.signal);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #leadForEver(signal: AbortSignal): Promise<void> {
    const { connection, acquireLease } = this.options;
    const onWaiting = (holder: string): void => void (this.holder = holder);
    while (!signal.aborted) {
      try {
        await this.#lead(await acquireLease(nameLease(connection), { signal, onWaiting }), signal);
      } catch (error) {
        if (signal.aborted) return;
        connection.context.log.error({ err: error }, 'the CRM cannot be read from; trying again');
        await pauseFor(RETRY_LEAD_MS, signal);
      }
    }
  }

  async #lead(lease: Lease, stopping: AbortSignal): Promise<void> {
    const { log } = this.options.connection.context;
    const lost = new AbortController();
    void lease.lost.then(() => lost.abort());
    const life = (this.#life = new Life(this.options, AbortSignal.any([stopping, lost.signal])));
    this.holder = undefined;
    try {
      log.info({ epoch: lease.epoch }, 'reads from the CRM');
      await life.run();
    } finally {
      this.#life = undefined;
      await lease.release();
      log.info({ epoch: lease.epoch }, 'reads from the CRM no more');
    }
  }
}

/** The tasks under one lease. */
class Life {
  readonly tasks: Task[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(
    private readonly options: ConnectionRunnerOptions,
    private readonly signal: AbortSignal,
  ) {}

  /** Resolves when the signal has aborted and all that ran has ended. */
  async run(): Promise<void> {
    const { connection } = this.options;
    const { poll: rules, source, context } = connection;
    for (const entity of rules?.entities ?? [])
      this.#begin(new EntityPoller({ ...this.options, rules: rules!, work: 'poll', entity }));
    for (const entity of source.subscribe ? (source.poll?.entities(context.config) ?? []) : []) this.#repair(entity);
    if (source.subscribe)
      this.#begin(
        new Subscription({ ...this.options, repair: (fromMs, untilMs) => this.#openRepairs(fromMs, untilMs) }),
      );
    if (source.scan) this.#begin(new Backfill(this.options));
    await untilAborted(this.signal);
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #begin(task: Task): void {
    this.tasks.push(task);
    const running: Promise<void> = runTask(
      task,
      { ...this.options, log: this.options.connection.context.log },
      this.signal,
    ).finally(() => {
      this.#running.delete(running);
      this.tasks.splice(this.tasks.indexOf(task), 1);
    });
    this.#running.add(running);
  }

  /** It ends at once where there is no hole. */
  #repair(entity: string): void {
    if (this.tasks.some(({ key }) => key.work === 'repair' && key.entity === entity)) return;
    const limits = readLimits(this.options.connection.source.poll!);
    const rules = { ...limits, schedule: { everyMs: REPAIR_EVERY_MS }, lookBackMs: 0, jitterMs: 0 };
    this.#begin(new EntityPoller({ ...this.options, rules, work: 'repair', entity }));
  }

  async #openRepairs(fromMs: number | undefined, untilMs: number): Promise<boolean> {
    const { cursors, connection } = this.options;
    const entities = await openRepairs(cursors, connection, { fromMs, untilMs });
    for (const entity of entities) this.#repair(entity);
    return entities.length > 0;
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
