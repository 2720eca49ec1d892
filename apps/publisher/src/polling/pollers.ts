import type { SourceStatus } from '@crm-mesh/control';
import type { Nats } from '@crm-mesh/jetstream';
import type { Store } from '@crm-mesh/store';
import type { Logger, Metrics } from '@crm-mesh/telemetry';
import type { Connection, Connections } from '../connections/connections.js';
import { Backfills } from './backfills.js';
import { ConnectionRunner, hasTasks, nameLease } from './connection-runner.js';
import { Cursors } from './cursors.js';
import { describeConnection } from './describe-connection.js';
import { DraftPublisher } from './draft-publisher.js';
import { PollCounts } from './poll-counts.js';
import { Pressure } from './pressure.js';

export interface PollersOptions {
  nats: Nats;
  store: Store;
  connections: Connections;
  log: Logger;
  metrics: Metrics;
  /** As leases call this process. */
  holder: string;
  /** Epoch milliseconds. */
  now(): number;
  /** Default `Math.random`. */
  random?(): number;
}

/** Reads from the CRMs, beside what they send: polls, streams that they push, backfills. */
export class Pollers {
  readonly backfills: Backfills;
  readonly #cursors: Cursors;
  readonly #runners = new Map<string, ConnectionRunner>();
  readonly #openRunner: (connection: Connection) => ConnectionRunner;
  /** By connection: what is left of a former source ends before its heir begins. */
  readonly #renewing = new Map<string, Promise<void>>();
  #stopListening: () => void = () => undefined;
  #isStopped = false;

  constructor(private readonly options: PollersOptions) {
    const { nats, store, connections, log, metrics, holder, now, random = Math.random } = options;
    const cursors = (this.#cursors = new Cursors(store));
    this.backfills = new Backfills({ nats, connections, cursors, now });
    const publisher = new DraftPublisher({ nats, log, now });
    const shared = {
      nats,
      cursors,
      publisher,
      pressure: new Pressure(nats),
      counts: new PollCounts(metrics, now),
      now,
      random,
    };
    this.#openRunner = (connection) =>
      new ConnectionRunner({
        ...shared,
        connection,
        acquireLease: (name, wish) => nats.acquireLease(name, { holder, ...wish }),
      });
  }

  start(): void {
    const { connections } = this.options;
    this.#stopListening = connections.onReplaced((connection) => this.#renew(connection));
    for (const connection of connections.all) this.#begin(connection);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopListening();
    await Promise.all(this.#renewing.values());
    await Promise.all([...this.#runners.values()].map((runner) => runner.stop()));
  }

  #begin(connection: Connection): void {
    if (this.#isStopped || !hasTasks(connection)) return;
    const runner = this.#openRunner(connection);
    this.#runners.set(nameLease(connection), runner);
    runner.start();
  }

  /** Its source was loaded anew: it goes on from the saved cursors. One after the other, however often that is. */
  #renew(connection: Connection): void {
    const name = nameLease(connection);
    const renewing = this.#replaceRunner(name, connection, this.#renewing.get(name)).finally(() => {
      if (this.#renewing.get(name) === renewing) this.#renewing.delete(name);
    });
    this.#renewing.set(name, renewing);
  }

  async #replaceRunner(name: string, connection: Connection, before: Promise<void> | undefined): Promise<void> {
    await before;
    await this.#runners.get(name)?.stop();
    this.#runners.delete(name);
    this.#begin(connection);
  }

  /** Of each connection: what it listens to and how far it is, as this publisher knows it. */
  status(): Promise<Omit<SourceStatus, 'unread'>[]> {
    const { connections, holder } = this.options;
    return Promise.all(
      connections.all.map(async (connection) => {
        const { tenant, name } = connection;
        const runner = this.#runners.get(nameLease(connection));
        const rows = await this.#cursors.list({ tenant, connection: name });
        return describeConnection(connection, { runner, rows, holder });
      }),
    );
  }
}
